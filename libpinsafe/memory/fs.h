/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_FS_H
#define PINSAFE_FS_H

#include <stdbool.h>

/* By the number that statfs(2) gives; a constant string, or @otherwise */
const char *fs_name(unsigned long magic, const char *otherwise);

/* tmpfs and the like, which have no blocks */
bool fs_is_memory(unsigned long magic);

/* Is it one whose page cache the module layout_lease can guard? */
bool fs_has_module(unsigned long magic);

#endif /* PINSAFE_FS_H */
