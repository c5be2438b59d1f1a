/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cause.h"

/* Start the thread that runs handlers, if there is none; as neutral_start() */
int event_thread_start(struct cause *cause);
/* In a child of fork(2) there is none. */
void event_thread_forget(void);

struct event_thread {
	bool exists;
	bool is_idle;	  /* in no handler, and there is nothing to do */
	uint64_t n_calls; /* of handlers so far */
};
struct event_thread event_thread_get(void);

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

/*
 * Cut *@length to what the files that are mapped from @addr on still cover.  0;
 * EFAULT if that is nothing; or what guard_classify() returns.
 */
int restore_cut(void *addr, size_t *length);
