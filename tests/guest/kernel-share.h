/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Blocks that files share, for the tests of the kernel's layout leases. */
#pragma once

#include "kernel-common.h"

/* Exit with status 77 unless the file system has reflink */
void k_need_reflink(void);

/* Each returns 0 or an errno value; len 0 is the whole file */
int k_clone(int from, int into, off_t offset, size_t len);
int k_dedupe(int from, int into, off_t offset, size_t len);
int k_unshare(int fd, off_t offset, size_t len);

/* Is any block of the file shared? */
bool k_is_shared(int fd);
