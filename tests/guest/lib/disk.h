/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * The disk's content at an offset of a file.  The disk is a loop device, so
 * this opens nothing but the file below it: no lease breaks, no page of the
 * page cache is written back.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct disk {
	int fd; /* owned by who opened it */
	off_t at;
};

/* Of a file of len bytes in one piece; bails out */
struct disk disk_open(int file, size_t len, off_t offset);
uint64_t disk_read(const struct disk *disk);
