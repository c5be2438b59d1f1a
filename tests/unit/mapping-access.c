// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Ranges over several mappings: the part that a device cannot get at is found,
 * as guard pages of allocators; from public bug reports on memory hooks.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/mapping.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 6

static struct file file;
static char *memory;
static struct cause cause;

/* File, anonymous memory, file; two pages each */
static int setup(void **state)
{
	size_t two = 2 * page_size();

	file_make(&file, DISK, 4);
	memory = addresses(PAGES);
	file_map(&file, 0, 2, RW, memory);
	assert_ptr_equal(mmap(memory + two, two, RW,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 memory + two);
	file_map(&file, 2, 2, RW, memory + 2 * two);
	memset(&cause, 0, sizeof(cause));
	return 0;
}

static int teardown(void **state)
{
	munmap(memory, PAGES * page_size());
	file_put(&file);
	return 0;
}

#define ACCESS_CASE(fn) CASE_WITH(fn, setup, teardown)

static void find(bool is_written)
{
	memset(&cause, 0, sizeof(cause));
	mapping_find_fault((uintptr_t)memory, PAGES * page_size(), is_written,
			   &cause);
}

static void finds(bool is_written, enum cause_kind kind, size_t first,
		  size_t pages)
{
	find(is_written);
	assert_int_equal(cause.kind, kind);
	assert_int_equal(cause.start, (uintptr_t)memory + first * page_size());
	assert_int_equal(cause.end,
			 (uintptr_t)memory + (first + pages) * page_size());
}

static void finds_nothing(bool is_written)
{
	find(is_written);
	assert_int_equal(cause.kind, CAUSE_UNKNOWN);
}

ACCESS_CASE(all_accessible)
{
	finds_nothing(true);
	finds_nothing(false);
}

ACCESS_CASE(page_of_a_file_read_only)
{
	mprotect(memory + 4 * page_size(), page_size(), PROT_READ);
	finds(true, CAUSE_READ_ONLY, 4, 1);
	assert_string_equal(cause.detail, file.path);
	finds_nothing(false);
}

ACCESS_CASE(page_of_anonymous_memory_without_access)
{
	mprotect(memory + 3 * page_size(), page_size(), PROT_NONE);
	finds(true, CAUSE_NO_ACCESS, 3, 1);
	assert_string_equal(cause.detail, "anonymous memory");
	finds(false, CAUSE_NO_ACCESS, 3, 1);
}

ACCESS_CASE(hole)
{
	munmap(memory + 2 * page_size(), page_size());
	finds(true, CAUSE_NOT_MAPPED, 2, 1);
}

ACCESS_CASE(nothing_at_the_end)
{
	munmap(memory + 5 * page_size(), page_size());
	finds(false, CAUSE_NOT_MAPPED, 5, 1);
}

ACCESS_CASE(range_that_wraps__nothing)
{
	mapping_find_fault(UINTPTR_MAX - 10, 4096, true, &cause);
	assert_int_equal(cause.kind, CAUSE_UNKNOWN);
}
