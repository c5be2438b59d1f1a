// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What to tell the program when its pages cannot be made present */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/prefault.h"

#define PAGES 8

static struct file file;

static int setup(void **state)
{
	file_make(&file, DISK, PAGES);
	return 0;
}

static int teardown(void **state)
{
	file_put(&file);
	return 0;
}

#define FILE_CASE(fn) CASE_WITH(fn, setup, teardown)

/* A part of @pages pages of the file; only its place in the file matters. */
static struct mapping_part part_of(size_t first, size_t pages)
{
	return (struct mapping_part){
		.start = 0x10000,
		.end = 0x10000 + pages * page_size(),
		.offset = first * page_size(),
		.readable = true,
		.writable = true,
		.file = { .dev = file.dev,
			  .ino = file.ino,
			  .tid = gettid(),
			  .path = file.path },
	};
}

static int why(size_t first, size_t pages)
{
	struct mapping_part part = part_of(first, pages);

	return prefault_why(&part, file.fd, page_size());
}

static int check(size_t first, size_t pages)
{
	struct mapping_part part = part_of(first, pages);

	return prefault_check_blocks(&part, file.fd);
}

FILE_CASE(beyond_the_end__ENXIO)
{
	assert_int_equal(why(0, PAGES + 1), ENXIO);
	assert_int_equal(why(PAGES, 1), ENXIO);
}

FILE_CASE(last_page_of_file__not_ENXIO)
{
	assert_int_equal(ftruncate(file.fd, page_size() + 1), 0);
	assert_int_equal(why(0, 2), EAGAIN);
	assert_int_equal(why(0, 3), ENXIO);
}

FILE_CASE(hole_and_there_is_space__EAGAIN)
{
	assert_int_equal(why(0, PAGES), EAGAIN);
}

/* Looking for the reason costs one block and not the size of the file. */
FILE_CASE(hole__size_is_kept_and_rest_too)
{
	file_fill(&file, 0, 2);
	assert_int_equal(why(0, PAGES), EAGAIN);
	assert_int_equal(lseek(file.fd, 0, SEEK_END), PAGES * page_size());
	assert_false(file_has_data(&file, 4));
}

FILE_CASE(no_hole__EFAULT)
{
	file_fill(&file, 0, PAGES);
	assert_int_equal(why(0, PAGES), EFAULT);
}

FILE_CASE(hole_outside_the_part__EFAULT)
{
	file_fill(&file, 2, 3);
	assert_int_equal(why(2, 3), EFAULT);
}

/* In a mount namespace of our own, which goes with the process */
FILE_CASE(disk_full__ENOSPC)
{
	char dir[] = DISK "/pinsafe-unit-XXXXXX", options[64];
	int result;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		SKIP_CASE("no mount namespace: %s", strerror(errno));
	assert_non_null(mkdtemp(dir));
	snprintf(options, sizeof(options), "size=%zu", 4 * page_size());
	if (mount("none", dir, "tmpfs", 0, options)) {
		rmdir(dir);
		SKIP_CASE("no mount: %s", strerror(errno));
	}
	file_put(&file);
	file_make(&file, dir, PAGES);
	file_fill(&file, 0, 4);
	result = why(4, 1);
	file_put(&file);
	umount(dir);
	rmdir(dir);
	assert_int_equal(result, ENOSPC);
}

FILE_CASE(blocks__all_there)
{
	file_fill(&file, 0, PAGES);
	assert_int_equal(check(0, PAGES), 0);
	assert_int_equal(check(3, 2), 0);
}

FILE_CASE(blocks__hole_at_the_start_ENXIO)
{
	file_fill(&file, 1, PAGES - 1);
	assert_int_equal(check(0, PAGES), ENXIO);
}

FILE_CASE(blocks__hole_in_the_middle_ENXIO)
{
	file_fill(&file, 0, 3);
	file_fill(&file, 4, PAGES - 4);
	assert_int_equal(check(0, PAGES), ENXIO);
}

FILE_CASE(blocks__hole_in_the_last_page_ENXIO)
{
	file_fill(&file, 0, PAGES - 1);
	assert_int_equal(check(0, PAGES), ENXIO);
}

FILE_CASE(blocks__holes_around_do_not_matter)
{
	file_fill(&file, 2, 3);
	assert_int_equal(check(2, 3), 0);
}

FILE_CASE(blocks__never_written_ENXIO)
{
	assert_int_equal(fallocate(file.fd, 0, 0, PAGES * page_size()), 0);
	assert_int_equal(check(0, PAGES), ENXIO);
}

FILE_CASE(blocks__last_page_partly_in_the_file)
{
	file_fill(&file, 0, 2);
	assert_int_equal(ftruncate(file.fd, page_size() + 1), 0);
	assert_int_equal(check(0, 2), 0);
}

/* The program may be reading or writing with it. */
FILE_CASE(position_of_the_descriptor__stays)
{
	file_fill(&file, 0, 2);
	assert_int_equal(lseek(file.fd, 7, SEEK_SET), 7);
	(void)why(0, PAGES);
	(void)check(0, PAGES);
	assert_int_equal(lseek(file.fd, 0, SEEK_CUR), 7);
}

FILE_CASE(nothing__leaves_a_descriptor)
{
	int before = dup(0), after;

	close(before);
	(void)why(0, PAGES);
	(void)why(0, PAGES + 1);
	(void)check(0, PAGES);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}
