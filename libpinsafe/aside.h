/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What may have to wait for a file system is done aside of the keeper: on threads
 * that have the keeper's descriptors, one for each piece of work that waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct aside;

/*
 * For the keeper's thread: begin @fn(@arg).  Where there can be no thread for it
 * that is when it returns, and it is done.  @arg is given to @forget when @fn has
 * returned and nobody waits any more; @forget may be NULL.  NULL: out of memory,
 * and nothing has happened.
 */
struct aside *aside_begin(int (*fn)(void *arg), void *arg,
			  void (*forget)(void *arg));
/* Is it done, after @patience_ns at most? */
bool aside_wait(struct aside *aside, uint64_t patience_ns);
/* Once for each, whether it is done or not */
void aside_put(struct aside *aside);

/* For threads of the program, inside a section: have @fn(@arg) done, and wait. */
int aside_call(int (*fn)(void *arg), void *arg);

/* How many threads there are */
unsigned int aside_n_threads(void);

/* For fork.h */
void aside_forget(void);
