// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Remember the guarded memory regions and who may destroy them.  In each state
 * one side owns the kernel's MR, and there is one winner:
 *
 *   ALIVE ──► REVOKING ──► ZOMBIE ──► DEREGISTERING ──► (gone)
 *     │  ◄── (failed)                      ▲
 *     ├────────────────────────────────────┘
 *     └──► REREGISTERING ──► ALIVE
 */
#include <errno.h>
#include <stdlib.h>

#include "base/stats.h"
#include "event.h"
#include "lease.h"
#include "retired.h"
#include "track_list.h"

/* Of memory regions that are not guarded */
static LIST_HEAD(, track_move) moves
	PS_GUARDED_BY(table_lock) = LIST_HEAD_INITIALIZER(moves);

struct guarded_mr *track_alloc(size_t max_ranges)
{
	size_t n_holds = max_ranges ?: 1;
	struct mr_hold *holds;
	struct guarded_mr *gmr;

	gmr = calloc(1, sizeof(*gmr) + max_ranges * sizeof(gmr->ranges[0]) +
				n_holds * (sizeof(gmr->leases[0]) +
					   sizeof(*holds)));
	if (!gmr)
		return NULL;
	holds = (struct mr_hold *)&gmr->ranges[max_ranges];
	gmr->leases = (struct lease **)&holds[n_holds];
	if (retired_reserve(RETIRED_MAX_KEYS)) {
		free(gmr);
		return NULL;
	}
	gmr->n_keys = RETIRED_MAX_KEYS;
	return gmr;
}

/* One alive more or less: @n is 1 or -1 */
static void count(const struct guarded_mr *gmr, int n)
{
	struct mr_params params;

	stats_add(guarded_mrs, n);
	if (track_params(gmr, &params))
		stats_add(bytes_guarded, n * (int64_t)params.length);
}

void track_free(struct guarded_mr *gmr)
{
	track_free_params(gmr);
	if (gmr->n_keys)
		retired_release(gmr->n_keys);
	free(gmr);
}

/* By now it has its keys. */
static void release_spare_keys(struct guarded_mr *gmr)
{
	unsigned int n_keys = retired_n_keys(gmr->mr);

	if (gmr->n_keys <= n_keys)
		return;
	retired_release(gmr->n_keys - n_keys);
	gmr->n_keys = n_keys;
}

static void add(struct guarded_mr *gmr, enum mr_state state)
	PS_REQUIRES(table_lock)
{
	table_insert(gmr);
	track_list_add(gmr);
	gmr->kernel_mr_gone = false;
	track_set_state(gmr, state);
	count(gmr, 1);
}

/* Has it been alive? */
static bool forget(struct guarded_mr *gmr) PS_REQUIRES(table_lock)
{
	table_remove(gmr);
	track_list_remove(gmr);
	if (gmr->kernel_mr_gone)
		stats_add(zombie_mrs, -1);
	else
		count(gmr, -1);
	return !gmr->kernel_mr_gone;
}

int track_add(struct guarded_mr *gmr)
{
	bool are_held;

	release_spare_keys(gmr);
	ps_lock(&table_lock);
	are_held = lease_are_held(gmr->leases, gmr->n_leases);
	if (are_held)
		add(gmr, MR_ALIVE);
	ps_unlock(&table_lock);
	return are_held ? 0 : EAGAIN;
}

void track_add_orphan(struct guarded_mr *gmr)
{
	track_replace(NULL, gmr);
}

static void replace(struct guarded_mr *old, struct guarded_mr *new,
		    enum mr_state state)
{
	ps_lock(&table_lock);
	/* In this order track_may_have() is true all the time. */
	add(new, state);
	if (old)
		(void)forget(old);
	ps_unlock(&table_lock);
}

void track_replace(struct guarded_mr *old, struct guarded_mr *new)
{
	release_spare_keys(new);
	replace(old, new, MR_ALIVE);
}

void track_begin_move(struct guarded_mr *old, struct guarded_mr *gmr)
{
	replace(old, gmr, MR_REREGISTERING);
}

void track_end_move(struct guarded_mr *gmr, struct ibv_pd *pd, int access)
{
	release_spare_keys(gmr);
	ps_lock(&table_lock);
	gmr->pd = pd;
	gmr->access = access;
	track_set_state(gmr, MR_ALIVE);
	ps_unlock(&table_lock);
}

/* Wait until nobody is at it. */
static int find_idle(const struct ibv_mr *mr, struct guarded_mr **ret_gmr)
	PS_REQUIRES(table_lock)
{
	struct guarded_mr *gmr;
	bool has_waited = false;

	while ((gmr = table_find(mr)) && gmr->state != MR_ALIVE &&
	       gmr->state != MR_ZOMBIE) {
		has_waited = true;
		track_wait_state();
	}
	/* Gone while we waited: another thread has destroyed it. */
	if (!gmr)
		return has_waited ? EINVAL : ENOENT;
	*ret_gmr = gmr;
	return 0;
}

int track_begin_dereg(struct ibv_mr *mr, struct guarded_mr **ret_gmr)
{
	int r;

	ps_lock(&table_lock);
	r = find_idle(mr, ret_gmr);
	if (!r)
		track_set_state(*ret_gmr, MR_DEREGISTERING);
	ps_unlock(&table_lock);
	return r;
}

static bool is_moved_unguarded(const struct ibv_mr *mr) PS_REQUIRES(table_lock)
{
	const struct track_move *move;

	LIST_FOREACH(move, &moves, link)
		if (move->mr == mr)
			return true;
	return false;
}

/* Else two threads that do it by mistake would enter it twice. */
int track_begin_rereg(struct ibv_mr *mr, struct track_move *move,
		      struct guarded_mr **ret_gmr)
{
	struct guarded_mr *gmr;
	int r;

	ps_lock(&table_lock);
	while (is_moved_unguarded(mr))
		track_wait_state();
	r = find_idle(mr, &gmr);
	if (!r && gmr->kernel_mr_gone)
		r = ESTALE;
	if (!r) {
		track_set_state(gmr, MR_REREGISTERING);
		*ret_gmr = gmr;
	}
	if (r == ENOENT) {
		move->mr = mr;
		LIST_INSERT_HEAD(&moves, move, link);
	}
	ps_unlock(&table_lock);
	return r;
}

void track_end_unguarded(struct track_move *move)
{
	ps_lock(&table_lock);
	LIST_REMOVE(move, link);
	track_state_changed();
	ps_unlock(&table_lock);
}

void track_keep(struct guarded_mr *gmr)
{
	ps_lock(&table_lock);
	gmr->is_freed = false;
	track_set_state(gmr, gmr->kernel_mr_gone ? MR_ZOMBIE : MR_ALIVE);
	ps_unlock(&table_lock);
}

size_t track_remove(struct guarded_mr *gmr)
{
	bool was_alive;

	ps_lock(&table_lock);
	was_alive = forget(gmr);
	track_state_changed();
	ps_unlock(&table_lock);
	return was_alive ? gmr->n_leases : 0;
}

bool track_swallow_dereg(const struct ibv_mr *mr)
{
	struct guarded_mr *gmr;
	bool must_swallow;

	ps_lock(&table_lock);
	gmr = table_find(mr);
	must_swallow = gmr && gmr->kernel_mr_gone;
	/* Next time the address can be that of another MR. */
	if (must_swallow)
		gmr->is_freed = true;
	ps_unlock(&table_lock);
	return must_swallow;
}

void track_freeing(const struct ibv_mr *mr)
{
	struct guarded_mr *gmr;

	ps_lock(&table_lock);
	gmr = table_find(mr);
	if (gmr && gmr->state == MR_DEREGISTERING)
		gmr->is_freed = true;
	ps_unlock(&table_lock);
}

bool track_has(struct ibv_mr *mr)
{
	const struct guarded_mr *gmr;

	ps_lock(&table_lock);
	while ((gmr = table_find(mr)) && gmr->state == MR_REREGISTERING)
		track_wait_state();
	ps_unlock(&table_lock);
	return gmr;
}

bool track_is_written(struct guarded_mr *gmr)
{
	return PS_LOCKED(&table_lock, track_is_written_locked(gmr));
}

int track_get_params(const struct ibv_mr *mr, enum mr_state state,
		     struct mr_params *ret_params,
		     struct event_source **ret_source)
{
	struct guarded_mr *gmr;
	int r = EINVAL;

	ps_lock(&table_lock);
	gmr = table_find(mr);
	if (gmr && gmr->state == state && track_params(gmr, ret_params)) {
		*ret_source = event_source_get(track_source(gmr));
		r = 0;
	}
	ps_unlock(&table_lock);
	return r;
}

void track_claim_done(struct guarded_mr *gmr, bool is_revoked)
{
	size_t i;

	ps_lock(&table_lock);
	gmr->kernel_mr_gone = is_revoked;
	track_set_state(gmr, is_revoked ? MR_ZOMBIE : MR_ALIVE);
	if (is_revoked) {
		track_list_remove(gmr);
		for (i = 0; i < gmr->n_leases; i++)
			lease_drop_holder(gmr->leases[i]);
		count(gmr, -1);
		stats_add(zombie_mrs, 1);
	}
	ps_unlock(&table_lock);
}

struct detach {
	const struct ibv_context *context;
	struct guarded_mr *alive, *zombies;
};

static void detach(struct guarded_mr *gmr, void *arg) PS_REQUIRES(table_lock)
{
	struct detach *args = arg;
	struct guarded_mr **list;

	if (gmr->context != args->context)
		return;
	list = forget(gmr) ? &args->alive : &args->zombies;
	gmr->next = *list;
	*list = gmr;
}

struct guarded_mr *track_detach_context(const struct ibv_context *context)
{
	struct detach args = {.context = context};
	struct guarded_mr *zombie;

	ps_lock(&table_lock);
	table_visit(detach, &args);
	ps_unlock(&table_lock);
	while ((zombie = args.zombies)) {
		args.zombies = zombie->next;
		track_free(zombie);
	}
	return args.alive;
}

static void make_zombie(struct guarded_mr *gmr, void *arg)
	PS_REQUIRES(table_lock)
{
	/* The lists are of leases that are forgotten. */
	if (gmr->is_listed && !gmr->is_on_demand)
		track_filter_count(gmr, -1);
	gmr->is_listed = false;
	gmr->state = MR_ZOMBIE;
	gmr->kernel_mr_gone = true;
	stats_add(zombie_mrs, 1);
}

void track_make_zombies(void)
{
	track_list_forget();
	LIST_INIT(&moves);
	table_visit(make_zombie, NULL);
}
