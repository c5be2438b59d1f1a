/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc_read.h"

enum file_kind {
	FILE_NONE,	 /* no file, or a private mapping of one */
	FILE_FSDAX,	 /* file on persistent memory, mapped directly */
	FILE_PAGE_CACHE, /* file with a page cache */
	FILE_MEMORY,	 /* tmpfs, memfd, System V, hugetlb */
	FILE_DEVICE,	 /* device-DAX and other devices */
	FILE_UNKNOWN,	 /* one that could not be looked at */
};

struct file_facts {
	enum file_kind kind;
	const char *fs_name;	/* constant string */
	unsigned long fs_magic; /* as statfs(2) says it, 0: unknown */
	dev_t dev;
	ino_t ino;
	mode_t mode;
	uid_t uid;
	uint64_t size;
	uint32_t block_size;
};

/* Look at a descriptor, for which O_PATH will do; the errno of doing so. */
int file_facts_of_fd(int fd, struct file_facts *ret_facts);

/* The same of what is opened with O_PATH and @flags, as that breaks no lease. */
int file_facts_of_path(const char *path, int flags,
		       struct file_facts *ret_facts);

/*
 * Look at the file under a mapping of any process: by its map_files, which
 * needs privileges, or by its path, if that still leads there.
 */
void file_facts_of_map(pid_t pid, const struct proc_map *map,
		       struct file_facts *ret_facts);

const char *file_kind_name(enum file_kind kind);
