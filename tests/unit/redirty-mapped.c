// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Pages that a device wrote to are populated, if the file is still there */
#include <errno.h>
#include <sys/mman.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/redirty.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 4

static struct file file, other;
static char *addr;

static int setup(void **state)
{
	file_make(&file, DISK, PAGES);
	file_make(&other, DISK, PAGES);
	addr = file_map(&file, 0, PAGES, RW, NULL);
	return 0;
}

static int teardown(void **state)
{
	munmap(addr, PAGES * page_size());
	file_put(&file);
	file_put(&other);
	return 0;
}

#define REDIRTY_CASE(fn) CASE_WITH(fn, setup, teardown)

/* Pages from @first to @end of the memory region */
static void run(size_t first, size_t end)
{
	struct mr_range range = {
		.start = (uintptr_t)addr + first * page_size(),
		.end = (uintptr_t)addr + end * page_size(),
		.dev = file.dev,
		.ino = file.ino,
	};

	redirty(&range, 1, NULL);
}

static size_t n_with_data(const struct file *f)
{
	size_t i, n = 0;

	for (i = 0; i < PAGES; i++)
		n += file_has_data(f, i);
	return n;
}

static bool is_present(size_t page)
{
	unsigned char present;

	assert_false(mincore(addr + page * page_size(), page_size(), &present));
	return present & 1;
}

REDIRTY_CASE(mapped__populated)
{
	run(1, 3);
	assert_int_equal(n_with_data(&file), 2);
	assert_true(file_has_data(&file, 1));
	assert_true(file_has_data(&file, 2));
}

REDIRTY_CASE(part_left__that_is_populated)
{
	assert_false(munmap(addr + page_size(), page_size()));
	run(0, PAGES);
	assert_int_equal(n_with_data(&file), PAGES - 1);
}

REDIRTY_CASE(two_regions__both)
{
	struct mr_range ranges[2] = {
		{.start = (uintptr_t)addr + 2 * page_size(),
		 .end = (uintptr_t)addr + 3 * page_size(),
		 .dev = file.dev,
		 .ino = file.ino},
		{.start = (uintptr_t)addr,
		 .end = (uintptr_t)addr + page_size(),
		 .dev = file.dev,
		 .ino = file.ino},
	};

	redirty(ranges, 2, NULL);
	assert_int_equal(n_with_data(&file), 2);
}

REDIRTY_CASE(other_memory__left_alone)
{
	void *p = mmap(addr, PAGES * page_size(), RW,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	assert_ptr_equal(p, addr);
	run(0, PAGES);
	assert_false(is_present(0));
	assert_false(is_present(PAGES - 1));
}

REDIRTY_CASE(other_file__left_alone)
{
	file_map(&other, 0, PAGES, RW, addr);
	run(0, PAGES);
	assert_int_equal(n_with_data(&other), 0);
}

REDIRTY_CASE(private_copy__left_alone)
{
	void *p = mmap(addr, PAGES * page_size(), RW, MAP_PRIVATE | MAP_FIXED,
		       file.fd, 0);

	assert_ptr_equal(p, addr);
	run(0, PAGES);
	assert_int_equal(n_with_data(&file), 0);
}
