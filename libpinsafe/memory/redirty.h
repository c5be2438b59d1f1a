/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Addresses of a memory region that are a mapping of one file */
struct mr_range {
	uintptr_t start, end;
	dev_t dev : 63;	  /* Linux uses 32 bits */
	bool is_kept : 1; /* dirty without us, or never written back */
	ino_t ino;
};

/* Until when (CLOCK_MONOTONIC), or UINT64_MAX; asked before some pages each */
struct redirty_limit {
	uint64_t (*deadline_ns)(void *arg);
	void *arg;
};

/*
 * The device may have written to these pages: let the file system know, as far
 * as the file still is mapped there.  Failures are logged.  At the end of
 * @limit (NULL: there is none) it stops, which is a failure.  Of the same pages
 * it is enough to be told once, and best in the order of their addresses.
 */
void redirty(const struct mr_range *ranges, size_t n_ranges,
	     const struct redirty_limit *limit);

/*
 * Sort them, and join those that overlap and are of one file, unless another is
 * between them; returns how many are left.
 */
size_t redirty_merge(struct mr_range *ranges, size_t n_ranges);

/* The pages around these addresses, whatever is there; 0 or what madvise(2) says */
int redirty_pages(uintptr_t start, uintptr_t end);
