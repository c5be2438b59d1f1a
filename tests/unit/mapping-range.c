// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which parts a range has, and when two ranges are the same memory */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/mapping.h"

#define RW (PROT_READ | PROT_WRITE)

/*
 * In pages: 0 gap, 1-2 file a from page 1, 3 gap, 4-5 file b from page 0,
 * 6 anonymous, 7 file a page 0, 8 gap
 */
#define WINDOW 9
static struct file a, b;
static char *window;

static uintptr_t at(size_t page)
{
	return (uintptr_t)window + page * page_size();
}

static int setup(void **state)
{
	file_make(&a, DISK, 4);
	file_make(&b, DISK, 4);
	window = addresses(WINDOW);
	munmap(window, WINDOW * page_size());
	file_map(&a, 1, 2, RW, (void *)at(1));
	file_map(&b, 0, 2, RW, (void *)at(4));
	assert_ptr_not_equal(mmap((void *)at(6), page_size(), RW,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0),
			     MAP_FAILED);
	file_map(&a, 0, 1, RW, (void *)at(7));
	return 0;
}

static int teardown(void **state)
{
	munmap(window, WINDOW * page_size());
	file_put(&a);
	file_put(&b);
	return 0;
}

#define WINDOW_CASE(fn) CASE_WITH(fn, setup, teardown)

static void classify(uintptr_t addr, size_t length, size_t n_parts,
		     struct mapping *ret_mapping)
{
	assert_int_equal(mapping_classify(addr, length, gettid(), ret_mapping),
			 0);
	assert_int_equal(ret_mapping->n_parts, n_parts);
}

static void part(const struct mapping_part *part, const struct file *file,
		 uintptr_t start, uintptr_t end, uint64_t offset)
{
	assert_int_equal(part->file.ino, file->ino);
	assert_int_equal(part->start, start);
	assert_int_equal(part->end, end);
	assert_int_equal(part->offset, offset);
}

WINDOW_CASE(several_mappings__a_part_each)
{
	struct mapping mapping;
	size_t page = page_size();

	classify(at(0), WINDOW * page, 3, &mapping);
	part(&mapping.parts[0], &a, at(1), at(3), page);
	part(&mapping.parts[1], &b, at(4), at(6), 0);
	part(&mapping.parts[2], &a, at(7), at(8), 0);
	mapping_put(&mapping);
}

WINDOW_CASE(unaligned__to_the_byte)
{
	struct mapping mapping;
	size_t page = page_size();

	classify(at(1) + 100, page, 1, &mapping);
	part(&mapping.parts[0], &a, at(1) + 100, at(2) + 100, page + 100);
	mapping_put(&mapping);
	classify(at(5) + 7, 2 * page + 1, 2, &mapping);
	part(&mapping.parts[0], &b, at(5) + 7, at(6), page + 7);
	part(&mapping.parts[1], &a, at(7), at(7) + 8, 0);
	mapping_put(&mapping);
}

WINDOW_CASE(last_byte__counts)
{
	struct mapping mapping;

	classify(at(0), page_size() + 1, 1, &mapping);
	part(&mapping.parts[0], &a, at(1), at(1) + 1, page_size());
	mapping_put(&mapping);
}

WINDOW_CASE(ends_before_a_file__none)
{
	struct mapping mapping;

	classify(at(0), page_size(), 0, &mapping);
	classify(at(3), page_size(), 0, &mapping);
}

WINDOW_CASE(gap__none)
{
	struct mapping mapping;

	classify(at(3) + 10, 100, 0, &mapping);
}

WINDOW_CASE(zero_length__none)
{
	struct mapping mapping;

	classify(at(1), 0, 0, &mapping);
}

WINDOW_CASE(wraps__none)
{
	struct mapping mapping;

	classify(at(1), SIZE_MAX, 0, &mapping);
	classify(UINTPTR_MAX - 10, 100, 0, &mapping);
}

WINDOW_CASE(above_everything__none)
{
	struct mapping mapping;

	classify(UINTPTR_MAX - 100, 50, 0, &mapping);
}

static void is_equal_after(void (*change)(void), bool expected)
{
	struct mapping before, after;
	size_t length = WINDOW * page_size();

	assert_int_equal(mapping_classify(at(0), length, gettid(), &before), 0);
	change();
	assert_int_equal(mapping_classify(at(0), length, gettid(), &after), 0);
	assert_int_equal(mapping_equal(&before, &after), expected);
	assert_int_equal(mapping_equal(&after, &before), expected);
	assert_int_equal(mapping_is_still_there(&before, at(0), length),
			 expected);
	assert_true(mapping_is_still_there(&after, at(0), length));
	mapping_put(&before);
	mapping_put(&after);
}

static void nothing(void)
{
}

/* Of tmpfs, which is left out: one more look is needed to know that. */
static void map_tmpfs(void)
{
	struct file memory;

	file_make(&memory, SHM, 1);
	file_map(&memory, 0, 1, RW, (void *)at(8));
	file_put(&memory);
}

WINDOW_CASE(still_there__not_said_of_other_files)
{
	struct mapping before;

	classify(at(0), WINDOW * page_size(), 3, &before);
	map_tmpfs();
	assert_false(
		mapping_is_still_there(&before, at(0), WINDOW * page_size()));
	assert_true(mapping_is_still_there(&before, at(0), 8 * page_size()));
	mapping_put(&before);
}

static void unmap(void)
{
	munmap((void *)at(7), page_size());
}

static void map_other_file(void)
{
	file_map(&b, 1, 2, RW, (void *)at(1));
}

static void map_other_offset(void)
{
	file_map(&a, 0, 2, RW, (void *)at(1));
}

static void protect(void)
{
	mprotect((void *)at(1), 2 * page_size(), PROT_READ);
}

static void map_anonymous(void)
{
	assert_ptr_not_equal(mmap((void *)at(4), 2 * page_size(), RW,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0),
			     MAP_FAILED);
}

static void map_one_more(void)
{
	file_map(&b, 3, 1, RW, (void *)at(8));
}

static void rename_file(void)
{
	char path[PATH_MAX + 2];

	snprintf(path, sizeof(path), "%s-2", a.path);
	assert_int_equal(rename(a.path, path), 0);
	memcpy(a.path, path, sizeof(a.path));
}

static void split(void)
{
	struct mapping mapping;

	assert_int_equal(madvise((void *)at(1), page_size(), MADV_RANDOM), 0);
	classify(at(1), 2 * page_size(), 2, &mapping);
	mapping_put(&mapping);
}

static void split_and_protect(void)
{
	assert_int_equal(mprotect((void *)at(1), page_size(), PROT_READ), 0);
}

WINDOW_CASE(equal__unchanged)
{
	is_equal_after(nothing, true);
}

WINDOW_CASE(equal__renamed)
{
	is_equal_after(rename_file, true);
}

/* By other threads, which may lock or advise a part of it at any time */
WINDOW_CASE(equal__split)
{
	is_equal_after(split, true);
}

WINDOW_CASE(unequal__split_and_a_part_protected)
{
	is_equal_after(split_and_protect, false);
}

WINDOW_CASE(unequal__unmapped)
{
	is_equal_after(unmap, false);
}

WINDOW_CASE(unequal__other_file)
{
	is_equal_after(map_other_file, false);
}

WINDOW_CASE(unequal__other_offset)
{
	is_equal_after(map_other_offset, false);
}

WINDOW_CASE(unequal__other_protection)
{
	is_equal_after(protect, false);
}

WINDOW_CASE(unequal__anonymous_now)
{
	is_equal_after(map_anonymous, false);
}

WINDOW_CASE(unequal__one_more)
{
	is_equal_after(map_one_more, false);
}

WINDOW_CASE(put__twice)
{
	struct mapping mapping;

	classify(at(1), page_size(), 1, &mapping);
	mapping_put(&mapping);
	assert_int_equal(mapping.n_parts, 0);
	mapping_put(&mapping);
}

/* Classify with @n_free descriptors left. */
static int classify_with(size_t n_free, struct mapping *ret_mapping)
{
	int fd = dup(0), r;
	size_t saved;

	close(fd);
	saved = descriptors_limit(fd + n_free);
	r = mapping_classify(at(1), page_size(), gettid(), ret_mapping);
	descriptors_limit(saved);
	return r;
}

WINDOW_CASE(no_descriptor_for_the_maps__EMFILE)
{
	struct mapping mapping;

	assert_int_equal(classify_with(0, &mapping), EMFILE);
}

WINDOW_CASE(no_descriptor_for_the_file__EMFILE)
{
	struct mapping mapping;

	assert_int_equal(classify_with(1, &mapping), EMFILE);
}

WINDOW_CASE(two_descriptors__enough)
{
	struct mapping mapping;

	assert_int_equal(classify_with(2, &mapping), 0);
	assert_int_equal(mapping.n_parts, 1);
	mapping_put(&mapping);
}
