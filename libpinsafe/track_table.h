/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_TRACK_TABLE_H
#define PINSAFE_TRACK_TABLE_H

#include "base/lock.h"
#include "track.h"

/* The guarded memory regions by the address of their ibv_mr; for track*.c */

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

/*
 * False: @mr, which the caller may use, is not in the table.  True: it may be.
 * Without a lock.
 */
bool table_may_have(const struct ibv_mr *mr);

#endif /* PINSAFE_TRACK_TABLE_H */
