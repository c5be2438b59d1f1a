/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <fcntl.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sys.h"

/* Is the file mapped directly, without a page cache?  False also if nobody can tell */
static inline bool fs_is_dax(int fd)
{
	struct statx stx;

	return !sys_statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx) &&
	       stx.stx_attributes & STATX_ATTR_DAX;
}

/* By the number that statfs(2) gives; a constant string, or @otherwise */
const char *fs_name(unsigned long magic, const char *otherwise);

/* tmpfs and the like, which have no blocks */
bool fs_is_memory(unsigned long magic);

/* Is it one whose page cache the module layout_lease can guard? */
bool fs_has_module(unsigned long magic);

/*
 * Is an attribute of the queue of a block device set, or of its disk's if it is a
 * partition?  0 and the answer; ENOENT: it has no queue; or another errno of reading
 * /sys
 */
int fs_disk_has(dev_t dev, const char *attribute, bool *ret_is_set);

/*
 * Is what is mapped memory of the kernel's own mounts of tmpfs and hugetlbfs?  Those
 * have no path that could be opened, and no block device (major 0), which no file
 * of the same name on a disk can claim.
 */
bool fs_is_unnamed_memory(dev_t dev, const char *path);
/* The same that nobody can truncate: it has no file that anybody could open. */
bool fs_is_no_file(dev_t dev, const char *path);

/*
 * Is the file under a mapping that starts at @start one of tmpfs, ramfs or
 * hugetlbfs?  Without opening it: for files that cannot be found.
 */
bool memory_fs_has(dev_t dev, uintptr_t start);
