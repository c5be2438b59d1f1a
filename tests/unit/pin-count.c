// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The kernel's count of pins is read from memory, where there is one. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fakes/fake_open.h"
#include "lib/files.h"
#include "lib/test.h"
#include "machine/pin_count.h"

#define DEVICE "/dev/layout_lease"
#define NUMBER "/sys/class/misc/layout_lease/dev"

/* In place of the device, and what the kernel does to it */
static struct file file;
static uint64_t *kernel;

static int setup(void **state)
{
	file_make(&file, SHM, 1);
	kernel = (uint64_t *)file_map(&file, 0, 1, PROT_READ | PROT_WRITE,
				      NULL);
	*kernel = 1;
	fake_open_leads_to(DEVICE, file.path);
	/* As of all that is no device */
	fake_open_file(NUMBER, "0:0\n");
	pin_count_forget();
	return 0;
}

static int teardown(void **state)
{
	munmap(kernel, page_size());
	file_put(&file);
	fake_open_reset();
	return 0;
}

#define COUNT_CASE(fn) CASE_WITH(fn, setup, teardown)

COUNT_CASE(kernel_counts__seen_at_once)
{
	assert_int_equal(pin_count(), 1);
	*kernel = 7;
	assert_int_equal(pin_count(), 7);
}

COUNT_CASE(found__nothing_is_opened_again)
{
	pin_count();
	fake_open_fails(DEVICE, EMFILE);
	*kernel = 2;
	assert_int_equal(pin_count(), 2);
	pin_count_look_again();
	assert_int_equal(pin_count(), 2);
}

COUNT_CASE(no_device__no_count_and_errno_stays)
{
	fake_open_fails(DEVICE, ENOENT);
	errno = ENOTTY;
	assert_int_equal(pin_count(), 0);
	assert_int_equal(errno, ENOTTY);
}

COUNT_CASE(device_comes_later__found_when_told)
{
	fake_open_fails(DEVICE, ENOENT);
	assert_int_equal(pin_count(), 0);
	fake_open_leads_to(DEVICE, file.path);
	assert_int_equal(pin_count(), 0);
	pin_count_look_again();
	assert_int_equal(pin_count(), 1);
}

COUNT_CASE(no_memory_to_map__no_count)
{
	fake_open_leads_to(DEVICE, "/dev/null");
	fake_open_file(NUMBER, "1:3\n");
	assert_int_equal(pin_count(), 0);
}

/* In a container that has an old node, or none: what is there is not read. */
COUNT_CASE(another_device__no_count)
{
	fake_open_leads_to(DEVICE, "/dev/zero");
	assert_int_equal(pin_count(), 0);
	fake_open_leads_to(DEVICE, file.path);
	fake_open_file(NUMBER, "10:120\n");
	pin_count_forget();
	assert_int_equal(pin_count(), 0);
}

COUNT_CASE(nobody_tells_its_number__no_count)
{
	fake_open_fails(NUMBER, ENOENT);
	assert_int_equal(pin_count(), 0);
}

COUNT_CASE(forgotten__looked_for_again)
{
	struct file other;

	pin_count();
	file_make(&other, SHM, 1);
	fake_open_leads_to(DEVICE, other.path);
	assert_int_equal(pin_count(), 1);
	pin_count_forget();
	assert_int_equal(pin_count(), 0);
	file_put(&other);
}

COUNT_CASE(descriptor__closed)
{
	int fd = dup(0);

	close(fd);
	pin_count();
	assert_int_equal(dup(0), fd);
	close(fd);
}
