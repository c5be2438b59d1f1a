// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Make the pages of a part present: what gets blocks, and what is an error */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/prefault.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 8

static struct file file;
static char *addr;
static size_t n_asked, stop_at;

static int setup(void **state)
{
	file_make(&file, DISK, PAGES);
	addr = file_map(&file, 0, PAGES, RW, NULL);
	n_asked = 0;
	stop_at = 0;
	return 0;
}

static int teardown(void **state)
{
	munmap(addr, PAGES * page_size());
	file_put(&file);
	return 0;
}

#define FILE_CASE(fn) CASE_WITH(fn, setup, teardown)

static bool must_stop(void *arg)
{
	assert_ptr_equal(arg, &stop_at);
	return ++n_asked == stop_at;
}

static int tell(void *arg, size_t done)
{
	return 0;
}

static const struct populate_watch watch = { must_stop, tell, &stop_at };

/* @start and @end in bytes from addr */
static int run(size_t start, size_t end, bool writable)
{
	struct mapping_part part = {
		.start = (uintptr_t)addr + start,
		.end = (uintptr_t)addr + end,
		.offset = start,
		.readable = true,
		.writable = writable,
	};

	return prefault(&part, page_size(), writable, 1, &watch);
}

static void has_data(size_t first, size_t end)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		assert_int_equal(file_has_data(&file, i),
				 i >= first && i < end);
}

static bool is_in_two_chunks(void)
{
	uintptr_t start = (uintptr_t)addr, last = start + PAGES * page_size() - 1;

	return start / (2ul << 20) != last / (2ul << 20);
}

FILE_CASE(sparse_file__gets_its_blocks)
{
	assert_int_equal(run(0, PAGES * page_size(), true), 0);
	has_data(0, PAGES);
	/* Chunks are aligned, and what mmap(2) finds may be in two of them. */
	assert_int_equal(n_asked, 1 + is_in_two_chunks());
}

FILE_CASE(pages_outside__stay_holes)
{
	size_t page = page_size();

	assert_int_equal(run(3 * page, 5 * page, true), 0);
	has_data(3, 5);
}

FILE_CASE(unaligned__the_pages_around)
{
	size_t page = page_size();

	assert_int_equal(run(3 * page + 100, 4 * page + 1, true), 0);
	has_data(3, 5);
}

FILE_CASE(data__is_kept)
{
	file_fill(&file, 1, 1);
	assert_int_equal(run(0, PAGES * page_size(), true), 0);
	assert_int_equal(addr[page_size()], 'x');
	assert_int_equal(addr[0], 0);
}

FILE_CASE(read_only__stays_a_hole)
{
	assert_int_equal(mprotect(addr, PAGES * page_size(), PROT_READ), 0);
	assert_int_equal(run(0, PAGES * page_size(), false), 0);
	has_data(0, 0);
}

FILE_CASE(beyond_the_end_of_file__EFAULT)
{
	assert_int_equal(ftruncate(file.fd, 2 * page_size()), 0);
	assert_int_equal(run(0, PAGES * page_size(), true), EFAULT);
	assert_int_equal(run(2 * page_size(), 3 * page_size(), true), EFAULT);
}

FILE_CASE(beyond_the_end_of_file__EFAULT_read_only)
{
	assert_int_equal(mprotect(addr, PAGES * page_size(), PROT_READ), 0);
	assert_int_equal(ftruncate(file.fd, 2 * page_size()), 0);
	assert_int_equal(run(0, PAGES * page_size(), false), EFAULT);
}

FILE_CASE(last_page_of_file__whole)
{
	assert_int_equal(ftruncate(file.fd, page_size() + 1), 0);
	assert_int_equal(run(0, 2 * page_size(), true), 0);
}

FILE_CASE(protected__EFAULT)
{
	assert_int_equal(mprotect(addr, PAGES * page_size(), PROT_NONE), 0);
	assert_int_equal(run(0, page_size(), true), EFAULT);
	assert_int_equal(run(0, page_size(), false), EFAULT);
}

FILE_CASE(write_protected_meanwhile__EFAULT)
{
	assert_int_equal(mprotect(addr, PAGES * page_size(), PROT_READ), 0);
	assert_int_equal(run(0, page_size(), true), EFAULT);
}

FILE_CASE(stopped__EAGAIN_and_untouched)
{
	stop_at = 1;
	assert_int_equal(run(0, PAGES * page_size(), true), EAGAIN);
	has_data(0, 0);
}

/* Chunks are of 2 MiB; memory that is only read costs no pages. */
FILE_CASE(large_range__asked_for_each_chunk)
{
	const size_t chunk = 2ul << 20, size = 3 * chunk;
	char *large = mmap(NULL, size + chunk, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uintptr_t start = ((uintptr_t)large + chunk - 1) & ~(chunk - 1);
	struct mapping_part part = {
		.start = start,
		.end = start + size,
		.readable = true,
	};

	assert_ptr_not_equal(large, MAP_FAILED);
	assert_int_equal(prefault(&part, page_size(), false, 1, &watch),
			 0);
	assert_int_equal(n_asked, 3);
	n_asked = 0;
	stop_at = 3;
	assert_int_equal(prefault(&part, page_size(), false, 1, &watch),
			 EAGAIN);
	munmap(large, size + chunk);
}
