// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Walk over the mappings of this process: the order, the gaps, the end, and
 * that both ways to read them tell the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakes/fake_ioctl.h"
#include "lib/files.h"
#include "lib/test.h"
#include "memory/vma.h"

/*
 * A window of addresses with, in pages:
 *  0 gap, 1-2 file rw from its page 1, 3 gap, 4 file r from page 0,
 *  5-6 anonymous, 7 gap
 */
#define WINDOW 8
static struct file file;
static char *window;

static int setup(void **state)
{
	size_t page = page_size();

	file_make(&file, DISK, 4);
	window = addresses(WINDOW);
	munmap(window, WINDOW * page);
	file_map(&file, 1, 2, PROT_READ | PROT_WRITE, window + page);
	file_map(&file, 0, 1, PROT_READ, window + 4 * page);
	assert_ptr_equal(mmap(window + 5 * page, 2 * page, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 window + 5 * page);
	return 0;
}

static int teardown(void **state)
{
	munmap(window, WINDOW * page_size());
	file_put(&file);
	return 0;
}

#define WINDOW_CASE(fn) CASE_WITH(fn, setup, teardown)

static uintptr_t at(size_t page)
{
	return (uintptr_t)window + page * page_size();
}

/* Read all of the window, as one of the two ways shows it. */
static size_t read_window(int ioctl_errno, struct vma *vmas, size_t max)
{
	struct vma_reader reader;
	uintptr_t addr = at(0);
	size_t n = 0;

	fake_ioctl_errno = ioctl_errno;
	assert_int_equal(vma_open(&reader), 0);
	while (n < max && !vma_next(&reader, addr, &vmas[n]) &&
	       vmas[n].start < at(WINDOW))
		addr = vmas[n++].end;
	if (ioctl_errno)
		assert_true(reader.fd < 0);
	vma_close(&reader);
	fake_ioctl_errno = 0;
	return n;
}

static void check_window(const struct vma *vmas, size_t n)
{
	assert_int_equal(n, 3);
	assert_int_equal(vmas[0].start, at(1));
	assert_int_equal(vmas[0].end, at(3));
	assert_int_equal(vmas[0].offset, page_size());
	assert_int_equal(vmas[0].dev, file.dev);
	assert_int_equal(vmas[0].ino, file.ino);
	assert_true(vmas[0].readable && vmas[0].writable && vmas[0].shared);
	assert_string_equal(vmas[0].path, file.path);

	assert_int_equal(vmas[1].start, at(4));
	assert_int_equal(vmas[1].end, at(5));
	assert_int_equal(vmas[1].offset, 0);
	assert_true(vmas[1].readable && !vmas[1].writable && vmas[1].shared);

	assert_int_equal(vmas[2].start, at(5));
	assert_int_equal(vmas[2].end, at(7));
	assert_int_equal(vmas[2].ino, 0);
	assert_false(vmas[2].readable || vmas[2].writable || vmas[2].shared);
	assert_string_equal(vmas[2].path, "");
}

WINDOW_CASE(window__read_as_text)
{
	static struct vma vmas[WINDOW];

	check_window(vmas, read_window(EPERM, vmas, WINDOW));
}

WINDOW_CASE(window__read_by_ioctl)
{
	static struct vma vmas[WINDOW];
	struct vma_reader reader;
	bool has_ioctl;

	assert_int_equal(vma_open(&reader), 0);
	assert_int_equal(vma_next(&reader, at(0), &vmas[0]), 0);
	has_ioctl = reader.fd >= 0;
	vma_close(&reader);
	if (!has_ioctl)
		SKIP_CASE("this kernel has no PROCMAP_QUERY");
	check_window(vmas, read_window(0, vmas, WINDOW));
}

WINDOW_CASE(deleted_file__same_path_both_ways)
{
	static struct vma text[WINDOW], query[WINDOW];
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s (deleted)", file.path);
	file_unlink(&file);
	assert_int_equal(read_window(EPERM, text, WINDOW), 3);
	assert_int_equal(read_window(0, query, WINDOW), 3);
	assert_string_equal(text[0].path, path);
	assert_string_equal(query[0].path, path);
}

/* As a program has it that works in a deep tree; from a public bug report */
static void deep_path(int ioctl_errno)
{
	static struct vma vmas[WINDOW];
	char name[201];
	int dirs[24], n, fd;

	memset(name, 'd', 200);
	name[200] = '\0';
	dirs[0] = open(DISK, O_PATH | O_CLOEXEC);
	for (n = 1; n < (int)N_OF(dirs); n++) {
		(void)mkdirat(dirs[n - 1], name, 0700);
		dirs[n] = openat(dirs[n - 1], name, O_PATH | O_CLOEXEC);
		assert_true(dirs[n] >= 0);
	}
	fd = openat(dirs[n - 1], "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, page_size()), 0);
	assert_ptr_equal(mmap(window + page_size(), page_size(), PROT_READ,
			      MAP_SHARED | MAP_FIXED, fd, 0),
			 window + page_size());
	assert_int_equal(read_window(ioctl_errno, vmas, WINDOW), 4);
	assert_int_equal(vmas[0].start, at(1));
	assert_string_equal(vmas[0].path, VMA_LONG_PATH);
	assert_int_equal(vmas[1].ino, file.ino);
	close(fd);
	unlinkat(dirs[n - 1], "f", 0);
	while (n-- > 1) {
		close(dirs[n]);
		unlinkat(dirs[n - 1], name, AT_REMOVEDIR);
	}
	close(dirs[0]);
}

WINDOW_CASE(path_too_long__read_as_text)
{
	deep_path(EPERM);
}

WINDOW_CASE(path_too_long__read_by_ioctl)
{
	deep_path(0);
}

static void start_at(int ioctl_errno, size_t page, size_t expected_start)
{
	struct vma_reader reader;
	static struct vma vma;

	fake_ioctl_errno = ioctl_errno;
	assert_int_equal(vma_open(&reader), 0);
	assert_int_equal(vma_next(&reader, at(page) + 1, &vma), 0);
	assert_int_equal(vma.start, at(expected_start));
	vma_close(&reader);
	fake_ioctl_errno = 0;
}

WINDOW_CASE(address_in_mapping__that_mapping)
{
	start_at(0, 2, 1);
	start_at(EPERM, 2, 1);
}

WINDOW_CASE(address_in_gap__next_mapping)
{
	start_at(0, 3, 4);
	start_at(EPERM, 3, 4);
}

CASE(address_above_all__ENOENT)
{
	struct vma_reader reader;
	static struct vma vma;
	int i;

	for (i = 0; i < 2; i++) {
		fake_ioctl_errno = i ? EPERM : 0;
		assert_int_equal(vma_open(&reader), 0);
		assert_int_equal(vma_next(&reader, UINTPTR_MAX - 1, &vma),
				 ENOENT);
		vma_close(&reader);
	}
	fake_ioctl_errno = 0;
}

CASE(all_mappings__ascend)
{
	struct vma_reader reader;
	static struct vma vma;
	uintptr_t addr = 0;
	size_t n = 0;
	int r;

	assert_int_equal(vma_open(&reader), 0);
	while (!(r = vma_next(&reader, addr, &vma))) {
		assert_true(vma.start >= addr);
		assert_true(vma.end > vma.start);
		addr = vma.end;
		n++;
	}
	assert_int_equal(r, ENOENT);
	assert_true(n > 3);
	vma_close(&reader);
}

CASE(reader__leaves_no_descriptor)
{
	struct vma_reader reader;
	int before, after, i;

	for (i = 0; i < 2; i++) {
		fake_ioctl_errno = i ? EPERM : 0;
		before = open("/dev/null", O_RDONLY);
		close(before);
		assert_int_equal(vma_open(&reader), 0);
		vma_close(&reader);
		after = open("/dev/null", O_RDONLY);
		close(after);
		assert_int_equal(before, after);
	}
	fake_ioctl_errno = 0;
}

/* It stays as it is for all of this program: the last case */
CASE(kernel_without_the_request__known_from_then_on)
{
	struct vma_reader reader;
	static struct vma vma;

	assert_false(vma_is_text());
	fake_ioctl_errno = ENOTTY;
	assert_int_equal(vma_open(&reader), 0);
	assert_int_equal(vma_next(&reader, 0, &vma), 0);
	vma_close(&reader);
	fake_ioctl_errno = 0;
	assert_true(vma_is_text());
	assert_int_equal(vma_open(&reader), 0);
	assert_true(reader.fd < 0);
	vma_close(&reader);
}
