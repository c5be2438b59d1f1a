/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_FORK_H
#define PINSAFE_FORK_H

/* Install the handlers, once.  0, or ENOMEM. */
int fork_setup(void);

/* At every entry: start afresh in a child whose fork(2) we did not see. */
void fork_check(void);

#endif /* PINSAFE_FORK_H */
