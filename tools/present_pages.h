/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdint.h>

#include "proc_read.h"

/*
 * Call @fn for all pages of a mapping that are present, a run of them at a time;
 * @pagemap is /proc/PID/pagemap.  0; what @fn returns if that is not 0; ESRCH: the
 * process has ended; or another errno.
 */
typedef int present_fn(uint64_t start, uint64_t end, void *arg);
int present_pages(int pagemap, const struct proc_map *map, present_fn *fn,
		  void *arg);
