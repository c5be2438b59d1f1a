// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * In a chroot without /proc, or a sandbox that does not let it be opened (Landlock),
 * private memory needs no guard, files are refused.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fakes/fake_open.h"
#include "lib/files.h"
#include "lib/test.h"
#include "memory/mapping.h"

#define RW (PROT_READ | PROT_WRITE)

static int setup(void **state)
{
	fake_open_reset();
	fake_open_fails("/proc/thread-self/maps", ENOENT);
	return 0;
}

#define PROC_CASE(fn) CASE_WITH(fn, setup, NULL)

static int classify(const void *addr, struct mapping *ret_mapping)
{
	return mapping_classify((uintptr_t)addr, page_size(), gettid(),
				ret_mapping);
}

static void private_memory_is_none(void)
{
	struct mapping mapping = { .n_parts = 7 };
	char *addr =
		mmap(NULL, page_size(), RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_int_equal(classify(addr, &mapping), 0);
	assert_int_equal(mapping.n_parts, 0);
	munmap(addr, page_size());
}

PROC_CASE(private_memory__none)
{
	private_memory_is_none();
	fake_open_fails("/proc/thread-self/maps", EACCES);
	private_memory_is_none();
}

static void shared_file_fails(int error)
{
	struct mapping mapping;
	struct file file;
	char *addr;

	file_make(&file, DISK, 1);
	addr = file_map(&file, 0, 1, RW, NULL);
	assert_int_equal(classify(addr, &mapping), error);
	munmap(addr, page_size());
	file_put(&file);
}

PROC_CASE(shared_file__the_errno)
{
	shared_file_fails(ENOENT);
	fake_open_fails("/proc/thread-self/maps", EACCES);
	shared_file_fails(EACCES);
}

/* That is no machine without /proc. */
PROC_CASE(no_descriptor_left__EMFILE)
{
	struct mapping mapping;
	char byte;

	fake_open_fails("/proc/thread-self/maps", EMFILE);
	assert_int_equal(classify(&byte, &mapping), EMFILE);
}
