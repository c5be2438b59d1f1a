// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Lines of /proc/PID/maps: what is read from them, and what is not a line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "lib/test.h"
#include "memory/vma.h"

static struct vma vma;

CASE(line__shared_file)
{
	assert_int_equal(vma_parse("7f01000-7f05000 rw-s 00002000 fd:01 4711"
				   "                       /mnt/pmem/data\n",
				   &vma),
			 0);
	assert_int_equal(vma.start, 0x7f01000);
	assert_int_equal(vma.end, 0x7f05000);
	assert_int_equal(vma.offset, 0x2000);
	assert_int_equal(vma.dev, makedev(0xfd, 1));
	assert_int_equal(vma.ino, 4711);
	assert_true(vma.readable);
	assert_true(vma.writable);
	assert_true(vma.shared);
	assert_string_equal(vma.path, "/mnt/pmem/data");
}

CASE(line__private_read_only)
{
	assert_int_equal(
		vma_parse("1000-2000 r-xp 00000000 08:02 9 /bin/sh\n", &vma),
		0);
	assert_true(vma.readable);
	assert_false(vma.writable);
	assert_false(vma.shared);
}

CASE(line__write_only)
{
	assert_int_equal(
		vma_parse("1000-2000 -w-s 00000000 08:02 9 /x\n", &vma), 0);
	assert_false(vma.readable);
	assert_true(vma.writable);
	assert_true(vma.shared);
}

CASE(line__anonymous)
{
	assert_int_equal(vma_parse("1000-2000 rw-p 00000000 00:00 0 \n", &vma),
			 0);
	assert_int_equal(vma.ino, 0);
	assert_string_equal(vma.path, "");
}

CASE(line__end_without_newline)
{
	assert_int_equal(vma_parse("1000-2000 rw-s 00000000 08:02 9 /x", &vma),
			 0);
	assert_string_equal(vma.path, "/x");
}

CASE(line__path_with_spaces)
{
	assert_int_equal(vma_parse("1000-2000 rw-s 00000000 08:02 9      "
				   "/a b/ c  d\n",
				   &vma),
			 0);
	assert_string_equal(vma.path, "/a b/ c  d");
}

CASE(line__deleted)
{
	assert_int_equal(vma_parse("1000-2000 rw-s 00000000 08:02 9   "
				   "/tmp/gone (deleted)\n",
				   &vma),
			 0);
	assert_string_equal(vma.path, "/tmp/gone (deleted)");
}

CASE(line__largest_numbers)
{
	assert_int_equal(vma_parse("fffffffffffff000-ffffffffffffffff rw-s "
				   "ffffffffffffffff ffffffff:ffffffff "
				   "18446744073709551615 /x\n",
				   &vma),
			 0);
	assert_int_equal(vma.start, 0xfffffffffffff000);
	assert_int_equal(vma.end, UINT64_MAX);
	assert_int_equal(vma.offset, UINT64_MAX);
	assert_int_equal(vma.ino, UINT64_MAX);
}

CASE(line__longest_path)
{
	char line[PATH_MAX + 64];
	int n = sprintf(line, "1000-2000 rw-s 00000000 08:02 9 ");

	memset(line + n, 'x', PATH_MAX - 1);
	strcpy(line + n + PATH_MAX - 1, "\n");
	assert_int_equal(vma_parse(line, &vma), 0);
	assert_int_equal(strlen(vma.path), PATH_MAX - 1);
}

CASE(line__path_too_long__without_it)
{
	char line[PATH_MAX + 64];
	int n = sprintf(line, "1000-2000 rw-s 00000000 08:02 9 ");

	memset(line + n, 'x', PATH_MAX);
	strcpy(line + n + PATH_MAX, "\n");
	assert_int_equal(vma_parse(line, &vma), 0);
	assert_int_equal(vma.start, 0x1000);
	assert_int_equal(vma.ino, 9);
	assert_string_equal(vma.path, VMA_LONG_PATH);
}

/* Each is refused and leaves the result as it was. */
static void refused(const char *line)
{
	struct vma before;

	memset(&vma, 0x5a, sizeof(vma));
	before = vma;
	assert_int_equal(vma_parse(line, &vma), EINVAL);
	assert_memory_equal(&vma, &before, sizeof(vma));
}

CASE(line__empty_EINVAL)
{
	refused("");
	refused("\n");
}

CASE(line__text_EINVAL)
{
	refused("hello\n");
	refused("zzzz-2000 rw-s 00000000 08:02 9 /x\n");
}

/* Cut off behind each field but the last */
CASE(line__truncated_EINVAL)
{
	static const char line[] = "1000-2000 rw-s 00000000 08:02 9 /x\n";
	static const size_t ends[] = {
		4, 5, 9, 10, 14, 15, 23, 24, 26, 27, 29
	};
	char cut[sizeof(line)];
	size_t i;

	for (i = 0; i < N_OF(ends); i++) {
		snprintf(cut, ends[i] + 1, "%s", line);
		refused(cut);
	}
}

CASE(line__short_protection_EINVAL)
{
	refused("1000-2000 rw- 00000000 08:02 9 /x\n");
}

CASE(line__empty_range_EINVAL)
{
	refused("2000-2000 rw-s 00000000 08:02 9 /x\n");
}

CASE(line__end_below_start_EINVAL)
{
	refused("2000-1000 rw-s 00000000 08:02 9 /x\n");
}

CASE(line__start_overflows_EINVAL)
{
	refused("10000000000000000-2000 rw-s 00000000 08:02 9 /x\n");
}
