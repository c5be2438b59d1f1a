/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A file that is given blocks which another file lost.  Its content is known
 * byte for byte, so a write of somebody who still uses the blocks shows.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The blocks of a file, in bytes from the start of its device */
struct victim_blocks {
	unsigned n;
	struct {
		uint64_t start;
		uint64_t len;
	} extent[128];
};

/* Where the first len bytes of the file are now */
void victim_find_blocks(int fd, uint64_t len, struct victim_blocks *ret);

/* The bytes that are in both */
uint64_t victim_overlap(const struct victim_blocks *a,
			const struct victim_blocks *b);

/*
 * Create it, with all the metadata that its blocks will need: a block that a
 * peer still writes to must not become the file system's own.
 */
void victim_create(const char *path);

/*
 * Write its blocks until it has max_len bytes or the file system is full;
 * ret_len is what it got.  0 or an errno value.
 */
int victim_write(const char *path, size_t max_len, size_t *ret_len);

/* The bytes that are not what was written, as each way of reading sees it */
struct victim_damage {
	uint64_t read;	 /* read(2) */
	uint64_t direct; /* read(2) with O_DIRECT */
	uint64_t mapped; /* a mapping made for the purpose */
	uint64_t stream; /* words of a stream among them */
};

struct victim_damage victim_check(const char *path, size_t len);
