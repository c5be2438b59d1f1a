/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "test.h"

/*
 * Run @fn(@arg) in a child and wait for its end.  What it has written to
 * @ret_result, of @size bytes, is there for the caller.  Returns the wait
 * status.
 */
int child_run(void (*fn)(void *arg, void *ret_result), void *arg,
	      void *ret_result, size_t size);

/*
 * Run @fn in a child of @fork_fn, which fails the case with what it returned if
 * that is not 0.  With _Fork no handler runs, as with clone(2).
 */
void child_check(int (*fn)(void), pid_t (*fork_fn)(void));

/*
 * ThreadSanitizer takes the keeper of the parent for a thread of the child if
 * it has not seen the fork, and does not support new threads there.
 */
#define CHILD_NOT_UNDER_TSAN()                                            \
	do {                                                              \
		if (UNDER_TSAN)                                           \
			SKIP_CASE("ThreadSanitizer cannot follow there"); \
	} while (0)
