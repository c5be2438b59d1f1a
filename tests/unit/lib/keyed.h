/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A stack whose device has keys to give as a test wants them.  The next one
 * comes first, as with devices that reuse the last one freed.
 */
#pragma once

#include "stack.h"

#define KEYED_MANY 40

extern struct keyed {
	uint32_t lkeys[2 * KEYED_MANY + 2], rkeys[2 * KEYED_MANY + 2];
	size_t n_keys;
	uint32_t fresh_key; /* when there are no others */
	size_t limit;	    /* MRs that there is room for; 0: any number */
	size_t n_alive;
} keyed;

int keyed_setup(void **state);
int keyed_teardown(void **state);

#define KEYED_CASE(fn) CASE_WITH(fn, keyed_setup, keyed_teardown)

void keyed_next(uint32_t lkey, uint32_t rkey);
int keyed_reg_mr(struct ibv_mr *mr);
bool keyed_is(const struct ibv_mr *mr, uint32_t lkey);
/* Of file a, revoked; the device has @lkey and @rkey to give again. */
void keyed_revoke(uint32_t lkey, uint32_t rkey);
/* A page of memory that is no file, which is there for each case */
struct ibv_mr *keyed_reg_anonymous(int access);
