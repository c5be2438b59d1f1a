/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_LAST_THREAD_H
#define PINSAFE_LAST_THREAD_H

/*
 * When the last thread of a program has ended by pthread_exit(3), the process
 * shall end as by exit(0).  libc does not see that while threads of ours are
 * there, so we do it.
 */

/* With the keeper, on a thread of the program; signals are blocked. */
void last_thread_start(void);

/* For the keeper's thread, at any time; looks once in a second. */
void last_thread_look(void);

/* For fork.h, in the child: that thread is not there. */
void last_thread_forget(void);

#endif /* PINSAFE_LAST_THREAD_H */
