/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include "base/lock.h"
#include "hook/real_verbs.h"

/*
 * Keys of memory regions that were revoked.  A peer may hold one for as long as
 * it likes, so no new memory region of the context may have it.
 */

/*
 * Each memory region has room for its keys reserved, so that retiring cannot
 * fail: for both, or for so many as it turns out to have.
 */
#define RETIRED_MAX_KEYS 2
int retired_reserve(unsigned int n_keys) PS_EXCLUDES(table_lock); /* or ENOMEM */
void retired_release(unsigned int n_keys) PS_EXCLUDES(table_lock);
unsigned int retired_n_keys(const struct ibv_mr *mr);

/* The keys of @mr, from now on, with the room of @n_keys, which is ours. */
void retired_add(unsigned int n_keys, const struct ibv_mr *mr)
	PS_EXCLUDES(table_lock);
/* @context is about to be closed. */
void retired_forget(const struct ibv_context *context) PS_EXCLUDES(table_lock);

/* Takes a section of its own. */
bool retired_has_key_of(const struct ibv_mr *mr) PS_EXCLUDES(table_lock);

/*
 * Have the provider register what @reg says, at @addr, with keys that are not
 * retired.  @stuck, or NULL, is given each MR that cannot be destroyed again, which
 * the program never sees, and it was said.
 *
 * 0 and reg->mr; or NULL there and the errno of the provider; EADDRNOTAVAIL,
 * explained, if it has nothing but retired keys, or if an MR with one could not be
 * destroyed again.
 */
struct registration;
typedef void retired_stuck(const struct registration *reg, struct ibv_mr *mr);
int retired_reg_mr(struct registration *reg, void *addr, int access,
		   retired_stuck *stuck);
