/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* By the number that statfs(2) gives; a constant string, or @otherwise */
const char *fs_name(unsigned long magic, const char *otherwise);

/* tmpfs and the like, which have no blocks */
bool fs_is_memory(unsigned long magic);

/* Is it one whose page cache the module layout_lease can guard? */
bool fs_has_module(unsigned long magic);

/*
 * Is the file under a mapping that starts at @start one of tmpfs, ramfs or
 * hugetlbfs?  Without opening it: for files that cannot be found.
 */
bool memory_fs_has(dev_t dev, uintptr_t start);
