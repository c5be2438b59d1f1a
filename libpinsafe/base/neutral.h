/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <pthread.h>

/*
 * Have the calling thread, which is ours, keep nothing of what its creator
 * happened to be: Documentation/thread-safety.md has the whole list.
 */
void neutral_become(const char *name);

/*
 * Start a thread of ours that nobody joins, by one that has signals blocked: 0, or
 * as pthread_create(3)
 */
int neutral_start(void *(*run)(void *arg), void *arg, pthread_t *ret_thread);

/* Of such a thread, in bytes; 0: no memory to ask */
size_t neutral_stack_size(void);
