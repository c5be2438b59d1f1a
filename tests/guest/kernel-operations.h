/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Operations that take blocks or pages of a file away, each in a process that ends
 * with it: descriptors stay open.  They return 0 or an errno value.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* What a system call says that returned @ret */
int k_done(long ret);

int k_to_zero(const char *path);
int k_open_trunc(const char *path);
int k_falloc(const char *path, int mode, off_t offset, off_t len);
int k_madv_remove(const char *path, off_t offset, size_t len);

/* ext4: change places with the boot loader's inode */
int k_swap_boot(const char *path);
/* xfs: change places with another file of @len bytes, as xfs_fsr does */
int k_swap_extents(const char *path, size_t len);
