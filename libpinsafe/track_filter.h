/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_TRACK_FILTER_H
#define PINSAFE_TRACK_FILTER_H

#include "base/lock.h"
#include "track.h"

/* Of those that devices write to: one more, or one less; for track_list.c */
void track_filter_add(const struct guarded_mr *gmr) PS_REQUIRES(table_lock);
void track_filter_remove(const struct guarded_mr *gmr) PS_REQUIRES(table_lock);

#endif /* PINSAFE_TRACK_FILTER_H */
