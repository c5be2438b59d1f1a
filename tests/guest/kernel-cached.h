/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Files with a page cache, for the tests of the kernel's layout leases: what
 * takes pages away, and whether a memory region is still one of the file.
 */
#pragma once

#include "kernel-common.h"

/* In the order of the columns of tables */
enum cached_fs {
	CACHED_EXT4,
	CACHED_XFS,
	CACHED_BTRFS,
	CACHED_F2FS,
	CACHED_TMPFS,
	CACHED_HUGETLBFS,
	CACHED_FS
};

/* An operation that takes pages of a file away, or other blocks under them */
struct cached_op {
	const char *name;
	k_op_fn *fn;
	/*
	 * On each file system: '!' the lease is broken, for without one the
	 * memory region is stale; 'b' it is broken, though the pages stay, or
	 * may; 'r' it is broken, and then the file system refuses; '-' it is
	 * refused and nothing happens.
	 */
	char on[CACHED_FS + 1];
	int late;	/* its error when the time is up, if not ETXTBSY */
	bool tail;	/* it is the end of the file that goes */
	unsigned int since; /* 100 * version + patch level; refused before */
};

extern const struct cached_op cached_ops[];
extern const size_t cached_n_ops;

extern enum cached_fs cached_fs;
extern size_t cached_unit;	/* operations are on this much, there */
extern size_t cached_len;	/* of a file */
extern int cached_access;	/* of a memory region that the kernel allows */
extern char cached_source[256];	/* a file like those under test */

/* After k_begin(): sets the above */
void cached_begin(void);
void cached_end(void);

/* What an operation does on this file system and kernel */
char cached_does(const struct cached_op *op);

/* A file as those under test, with nothing dirty */
struct k_file cached_file(const char *name);
struct ibv_mr *cached_mr(const struct k_file *file);

/*
 * Does the memory region read what the file has there, as others see it?  The
 * file is made as long as it was, if it has become shorter.
 */
bool cached_coherent(const struct k_file *file, struct ibv_mr *mr, size_t at);

/* Has this process itself woken pid (not a timer) since tracing began? */
void cached_trace_wakeups(bool on);
bool cached_we_woke(pid_t pid);
