/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* A file that may be truncated and written to, and is put right afterwards */
struct test_file {
	char path[PATH_MAX];
	int fd;
	uint64_t size;
	bool is_scratch; /* of our own: removed in the end */
	struct stat st;	 /* as it was */
	char copy_path[PATH_MAX];
	int copy_fd; /* -1 for a scratch file */
};

/*
 * Make a scratch file in directory @path, or a copy of file @path next to it.
 *
 * 0; else an errno, and @ret_why says what is in the way, or is NULL.  Files
 * that could not be restored are refused: those that somebody else has open
 * (EBUSY), larger ones than TEST_FILE_MAX (EFBIG) or than there is room for
 * twice (ENOSPC), empty ones, and those with privileges, which a write drops
 * (EINVAL).
 */
#define TEST_FILE_MAX (256ULL << 20)
int test_file_open(const char *path, struct test_file *ret_file,
		   const char **ret_why);

/*
 * Restore it from the copy and compare, or remove the scratch file.  On failure
 * the errno, and the copy stays where it is.
 */
int test_file_restore(struct test_file *file);
