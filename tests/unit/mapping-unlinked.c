// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Files whose path does not lead to them any more: found by a descriptor of the
 * program or, by a privileged process, through the mapping; else unknown.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/mapping.h"

static struct file file;
static char *addr;

static int setup(void **state)
{
	file_make(&file, DISK, 1);
	addr = file_map(&file, 0, 1, PROT_READ | PROT_WRITE, NULL);
	privileges_drop();
	return 0;
}

static int teardown(void **state)
{
	privileges_regain();
	munmap(addr, page_size());
	file_put(&file);
	return 0;
}

#define FILE_CASE(fn) CASE_WITH(fn, setup, teardown)

/* Files of somebody else cannot be unlinked without privileges. */
static void unlink_file(void)
{
	privileges_regain();
	file_unlink(&file);
	privileges_drop();
}

static void classified_as(enum mapping_kind kind, int error)
{
	struct mapping mapping;

	assert_int_equal(mapping_classify((uintptr_t)addr, page_size(),
					  gettid(), &mapping),
			 0);
	assert_int_equal(mapping.n_parts, 1);
	assert_int_equal(mapping.parts[0].kind, kind);
	assert_int_equal(mapping.parts[0].error, error);
	assert_int_equal(mapping.parts[0].file.ino, file.ino);
	mapping_put(&mapping);
}

FILE_CASE(linked_and_closed__found_by_path)
{
	file_close(&file);
	classified_as(MAPPING_PAGE_CACHE, 0);
}

FILE_CASE(unlinked_and_open__found_by_descriptor)
{
	unlink_file();
	classified_as(MAPPING_PAGE_CACHE, 0);
}

/* What a program gives as the descriptor of the file may be any other. */
FILE_CASE(wrong_hint__other_file_not_opened)
{
	struct backing backing = {
		.dev = file.dev,
		.ino = file.ino,
		.tid = gettid(),
		.path = "/nowhere",
	};
	struct file other;
	struct stat st;
	int fd = -1;

	file_make(&other, SHM, 1);
	backing.hint = &other.fd;
	assert_int_equal(backing_open(&backing, O_PATH, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, file.ino);
	close(fd);
	file_close(&file);
	assert_int_equal(backing_open(&backing, O_PATH, &fd), ENOENT);
	file_put(&other);
}

FILE_CASE(unlinked_and_closed__unknown)
{
	unlink_file();
	file_close(&file);
	classified_as(MAPPING_UNKNOWN, ENOENT);
}

FILE_CASE(unlinked_and_closed__found_if_privileged)
{
	if (getuid() != 0)
		SKIP_CASE("not root");
	unlink_file();
	file_close(&file);
	privileges_regain();
	classified_as(MAPPING_PAGE_CACHE, 0);
}

/* Another file under the same name must not be taken for it. */
FILE_CASE(replaced_and_closed__unknown)
{
	struct file other;

	privileges_regain();
	file_make(&other, DISK, 1);
	assert_int_equal(rename(other.path, file.path), 0);
	other.path[0] = '\0';
	privileges_drop();
	file_close(&file);
	classified_as(MAPPING_UNKNOWN, ENOENT);
	file_put(&other);
}

FILE_CASE(path_is_a_symlink_now__unknown)
{
	char path[PATH_MAX + 2];

	privileges_regain();
	snprintf(path, sizeof(path), "%s-2", file.path);
	assert_int_equal(rename(file.path, path), 0);
	assert_int_equal(symlink("/dev/null", file.path), 0);
	assert_int_equal(unlink(path), 0);
	privileges_drop();
	file_close(&file);
	classified_as(MAPPING_UNKNOWN, ENOENT);
}

/* The keeper opens a file that a thread of the program has a descriptor of. */
FILE_CASE(unlinked__opened_anew)
{
	struct mapping mapping;
	struct stat st;
	int fd = -1;

	unlink_file();
	assert_int_equal(mapping_classify((uintptr_t)addr, page_size(),
					  gettid(), &mapping),
			 0);
	/* Its mode lets nobody but the owner open it. */
	privileges_regain();
	assert_int_equal(backing_open(&mapping.parts[0].file, O_RDONLY, &fd),
			 0);
	assert_int_not_equal(fd, file.fd);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, file.ino);
	assert_int_equal(fcntl(fd, F_GETFL) & (O_ACCMODE | O_PATH), O_RDONLY);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	mapping_put(&mapping);
}

FILE_CASE(not_permitted__EACCES)
{
	struct mapping mapping;
	int fd = -1;

	if (getuid() != 0)
		SKIP_CASE("not root");
	assert_int_equal(mapping_classify((uintptr_t)addr, page_size(),
					  gettid(), &mapping),
			 0);
	assert_int_equal(backing_open(&mapping.parts[0].file, O_RDONLY, &fd),
			 EACCES);
	assert_int_equal(fd, -1);
	mapping_put(&mapping);
}
