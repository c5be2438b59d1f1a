/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Threads that operate on memory regions at random, while the files are broken
 * again and again.  Nothing is recorded meanwhile.
 */
#pragma once

#include "stack.h"

#define STRESS_MRS 8 /* of each worker at a time */

struct stress {
	unsigned int n_workers;
	unsigned int n_operations; /* of each worker at least */
	unsigned int n_breaks;	   /* of each file */
	/*
	 * One operation in place of @mr, which is NULL or a memory region; NULL
	 * or what failed
	 */
	const char *(*operate)(struct ibv_mr **mr, unsigned int *seed);
	int (*dereg)(struct ibv_mr *mr);
	void (*before_break)(unsigned int *seed); /* or NULL */
};

/*
 * Until all is done; all memory regions are deregistered then.  Fails the case
 * if an operation failed, or if a lease went while a memory region was over its
 * file.
 *
 * Returns the number of operations.
 */
unsigned int stress_run(const struct stress *stress);
