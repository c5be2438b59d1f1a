/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_FS_NAME_H
#define PINSAFE_FS_NAME_H

/* Of a file system, by its number in statfs(2); a constant string */
const char *fs_name(unsigned long magic);

#endif /* PINSAFE_FS_NAME_H */
