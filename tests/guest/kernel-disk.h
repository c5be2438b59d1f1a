/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What is on the disk below a file system on a loop device: in the file of that, so
 * that the look writes nothing back.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* n bytes at an offset of a file, all in one block; zeros if there is no block */
void k_read_disk(const char *path, off_t at, void *got, size_t n);
