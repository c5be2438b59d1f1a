/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_MEMORY_FS_H
#define PINSAFE_MEMORY_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Is the file under a mapping that starts at @start one of tmpfs, ramfs or
 * hugetlbfs?  Without opening it: for files that cannot be found.
 */
bool memory_fs_has(dev_t dev, uintptr_t start);

#endif /* PINSAFE_MEMORY_FS_H */
