/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Stands behind the preload object, in place of libc: it records a call with
 * its arguments and answers what the test wants.
 */
#pragma once

#include <stddef.h>

#include "test.h"

#define NEXT_EXPORT __attribute__((visibility("default")))

struct next {
	/* What to record, by its name and first argument; the rest is libc's */
	const char *wanted;
	uintptr_t first;
	intptr_t result;
	int error; /* errno afterwards, 0: left as it is */
	unsigned int n_calls;
	uintptr_t arguments[6];
};

extern struct next next NEXT_EXPORT;
/* Calls that came by here, recorded or not */
extern int next_n_passed;

/* early.c: what a library found that called before the preload object was ready
 */
struct next_early {
	int was_called; /* the library's constructor */
	int n_called;
	int n_recorded; /* of these calls came by here */
	int n_failed;
};

extern struct next_early next_early NEXT_EXPORT;
