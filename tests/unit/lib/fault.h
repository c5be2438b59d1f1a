/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* When a fake fails */
#pragma once

struct fault {
	int error;
	unsigned int first; /* call that fails, counted from 1; 0: all */
	unsigned int more;  /* that fail after it */
	unsigned int n_calls;
};

#define ALWAYS(e) ((struct fault){ .error = (e) })
#define ONCE(e) ((struct fault){ .error = (e), .first = 1 })
#define ONCE_AT(n, e) ((struct fault){ .error = (e), .first = (n) })
#define TIMES(n, e) \
	((struct fault){ .error = (e), .first = 1, .more = (n) - 1 })
#define NEVER ((struct fault){ 0 })

/* Counts a call; returns the error or 0. */
static inline int fault_now(struct fault *fault)
{
	fault->n_calls++;
	return !fault->first || fault->n_calls - fault->first <= fault->more ?
		       fault->error :
		       0;
}
