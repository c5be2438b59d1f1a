/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc_read.h"

/* Which pages of a process are present, as /proc/PID/pagemap shows it */
struct pagemap {
	pid_t pid;
	int fd;
	size_t page_size;
	uint64_t done, total; /* bytes of mappings */
	uint64_t began_ns, tell_ns;
};

/* For @total bytes of mappings; 0, ESRCH, or the errno of open(2) */
int pagemap_open(pid_t pid, uint64_t total, struct pagemap *ret_pagemap);
void pagemap_close(struct pagemap *pagemap);

/*
 * Call @fn for each run of pages of @map that are present, until it says other than
 * 0, and return that.  Runs are cut where that suits the reader; then the last page
 * of one is the first of the next.  If all of it takes longer than a second, a line
 * on standard error tells how far it is, now and then.
 *
 * 0; ESRCH; or the errno of read(2).
 */
int pagemap_visit(struct pagemap *pagemap, const struct proc_map *map,
		  int (*fn)(void *arg, uintptr_t start, uintptr_t end),
		  void *arg);
