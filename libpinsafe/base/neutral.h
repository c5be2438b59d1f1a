/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <pthread.h>

#include "base/cause.h"

/*
 * Have the calling thread, which is ours, keep nothing of what its creator
 * happened to be: Documentation/thread-safety.md has the whole list.
 */
void neutral_become(const char *name);

/*
 * Start a thread of ours that nobody joins, by one that has signals blocked: 0, or
 * as pthread_create(3).  The cause is recorded in @cause, if that is not NULL.
 */
int neutral_start(void *(*run)(void *arg), void *arg, struct cause *cause,
		  pthread_t *ret_thread);

/* Records why pthread_create(3) has failed with @error. */
void neutral_why_not(int error, struct cause *cause);
