// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The memory regions of each lease, those that are on demand, and who waits for
 * one of them to change its state.
 */
#include "lease.h"
#include "track_list.h"

static pthread_cond_t state_changed = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(, mr_hold) on_demand
	PS_GUARDED_BY(table_lock) = LIST_HEAD_INITIALIZER(on_demand);

/* One for each lease, at least one; the last is in front of the leases. */
static struct mr_hold *hold(const struct guarded_mr *gmr, size_t i)
{
	return (struct mr_hold *)gmr->leases - 1 - i;
}

void track_list_add(struct guarded_mr *gmr)
{
	size_t i;

	for (i = 0; i < gmr->n_leases; i++) {
		hold(gmr, i)->gmr = gmr;
		LIST_INSERT_HEAD(&gmr->leases[i]->mrs, hold(gmr, i), link);
	}
	if (gmr->is_on_demand) {
		hold(gmr, 0)->gmr = gmr;
		LIST_INSERT_HEAD(&on_demand, hold(gmr, 0), link);
	} else {
		track_filter_count(gmr, 1);
	}
	gmr->is_listed = true;
}

void track_list_remove(struct guarded_mr *gmr)
{
	size_t i, n = gmr->is_on_demand ? 1 : gmr->n_leases;

	for (i = 0; i < n && gmr->is_listed; i++)
		LIST_REMOVE(hold(gmr, i), link);
	if (gmr->is_listed && !gmr->is_on_demand)
		track_filter_count(gmr, -1);
	gmr->is_listed = false;
}

void track_list_forget(void)
{
	LIST_INIT(&on_demand);
	state_changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

struct mr_hold *track_list_on_demand(void)
{
	return LIST_FIRST(&on_demand);
}

void track_set_state(struct guarded_mr *gmr, enum mr_state state)
{
	gmr->state = state;
	track_state_changed();
}

void track_state_changed(void)
{
	pthread_cond_broadcast(&state_changed);
}

void track_wait_state(void)
{
	ps_wait(&state_changed, &table_lock);
}
