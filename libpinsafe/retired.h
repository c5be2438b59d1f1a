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
 * Is given each MR of a registration that cannot be destroyed again.  The
 * program never sees it, and it was said.
 */
struct stuck_handler {
	void (*fn)(struct ibv_mr *mr, void *arg);
	void *arg;
};

/*
 * As @real->reg_mr(), but with keys that are not retired.  @stuck may be NULL.
 *
 * NULL and errno: what the provider says; EADDRNOTAVAIL, explained, if it has
 * nothing but retired keys, or if an MR with one could not be destroyed again.
 */
struct ibv_mr *retired_reg_mr(const struct real_verbs *real, struct ibv_pd *pd,
			      void *addr, size_t length, uint64_t iova,
			      int access, const struct stuck_handler *stuck);
