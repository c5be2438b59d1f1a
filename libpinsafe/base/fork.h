/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_FORK_H
#define PINSAFE_FORK_H

#include <stddef.h>

/* What a stage does at a fork(2); NULL: it has no lock */
struct fork_stage {
	void (*prepare)(void);	/* take its lock */
	void (*parent)(void);	/* give it back */
	void (*forget)(void);	/* in the child: locks and state as at load */
};

/*
 * All of them, in the order in which their locks are taken, and in which they
 * forget; borrowed for ever.
 */
void fork_set_stages(const struct fork_stage *all, size_t n);

/* Install the handlers, once.  0, or ENOMEM. */
int fork_setup(void);

/* At every entry: start afresh in a child whose fork(2) we did not see. */
void fork_check(void);

#endif /* PINSAFE_FORK_H */
