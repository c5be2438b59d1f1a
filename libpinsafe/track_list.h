/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What track*.c share */
#pragma once

#include "base/lock.h"
#include "track.h"

/*
 * Which memory regions there are to a lease, or on demand, so that a break costs
 * what it revokes and not what else there is.  An MR is listed from when it is
 * entered until the kernel's side is gone.
 */
void track_list_add(struct guarded_mr *gmr) PS_REQUIRES(table_lock);
/* Once more is as good as once. */
void track_list_remove(struct guarded_mr *gmr) PS_REQUIRES(table_lock);
/* In a child of fork(2): the leases are gone, and so are their lists. */
void track_list_forget(void) PS_REQUIRES(table_lock);

/* The first that is on demand, or NULL; go on by its link. */
struct mr_hold *track_list_on_demand(void) PS_REQUIRES(table_lock);

/* Tells those who wait. */
void track_set_state(struct guarded_mr *gmr, enum mr_state state)
	PS_REQUIRES(table_lock);
void track_state_changed(void) PS_REQUIRES(table_lock);
void track_wait_state(void) PS_REQUIRES(table_lock);

/* Does the device have pinned memory to write to? */
static inline bool track_is_written_locked(const struct guarded_mr *gmr)
	PS_REQUIRES(table_lock)
{
	return gmr->is_written && !gmr->is_on_demand && !gmr->kernel_mr_gone;
}

/* Of those that devices write to: one more (1), or one less (-1) */
void track_filter_count(const struct guarded_mr *gmr, int n)
	PS_REQUIRES(table_lock);

/* The guarded memory regions by the address of their ibv_mr */
void table_insert(struct guarded_mr *gmr) PS_REQUIRES(table_lock);
void table_remove(struct guarded_mr *gmr) PS_REQUIRES(table_lock);

/*
 * While a thread leaves ibv_dereg_mr(), the address may already be that of a
 * new MR, guarded or not: an entry that is freed is not meant any more.
 */
struct guarded_mr *table_find(const struct ibv_mr *mr) PS_REQUIRES(table_lock);

/* All of them, in any order; @fn may remove the one that it is given. */
void table_visit(void (*fn)(struct guarded_mr *gmr, void *arg), void *arg)
	PS_REQUIRES(table_lock);
