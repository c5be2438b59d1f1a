/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef CHILD_H
#define CHILD_H

#include <stddef.h>

/*
 * Run @fn(@arg) in a child and wait for its end.  What it has written to
 * @ret_result, of @size bytes, is there for the caller.  Returns the wait
 * status.
 */
int child_run(void (*fn)(void *arg, void *ret_result), void *arg,
	      void *ret_result, size_t size);

#endif /* CHILD_H */
