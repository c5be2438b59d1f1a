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

#include "clock.h"
#include "event.h"
#include "lease.h"
#include "retired.h"
#include "stats.h"
#include "track.h"

#define N_BUCKETS 1024

LIST_HEAD(bucket, guarded_mr);
static struct bucket buckets[N_BUCKETS] PS_GUARDED_BY(table_lock);
/* Of memory regions that are not guarded */
static LIST_HEAD(, track_move) moves
	PS_GUARDED_BY(table_lock) = LIST_HEAD_INITIALIZER(moves);
static pthread_cond_t state_changed = PTHREAD_COND_INITIALIZER;

static struct bucket *bucket_of(const struct ibv_mr *mr) PS_REQUIRES(table_lock)
{
	/* Fibonacci hashing of the address */
	return &buckets[((uintptr_t)mr * 0x9e3779b97f4a7c15ull) >> 54];
}

/*
 * While a thread leaves ibv_dereg_mr(), the address may already be that of a
 * new MR, guarded or not: an entry that is freed is not meant any more.
 */
static struct guarded_mr *find(const struct ibv_mr *mr) PS_REQUIRES(table_lock)
{
	struct guarded_mr *gmr;

	LIST_FOREACH(gmr, bucket_of(mr), link)
		if (gmr->mr == mr && !gmr->is_freed)
			return gmr;
	return NULL;
}

static void set_state(struct guarded_mr *gmr, enum mr_state state)
	PS_REQUIRES(table_lock)
{
	gmr->state = state;
	pthread_cond_broadcast(&state_changed);
}

struct guarded_mr *track_alloc(size_t max_ranges)
{
	struct guarded_mr *gmr;

	gmr = calloc(1, sizeof(*gmr) + max_ranges * (sizeof(gmr->ranges[0]) +
						     sizeof(gmr->leases[0])));
	if (!gmr)
		return NULL;
	gmr->leases = (struct lease **)&gmr->ranges[max_ranges];
	gmr->retired = retired_alloc();
	if (!gmr->retired) {
		free(gmr);
		return NULL;
	}
	return gmr;
}

/* One alive more or less: @n is 1 or -1 */
static void count(const struct guarded_mr *gmr, int n)
{
	stats_add(guarded_mrs, n);
	stats_add(bytes_guarded, n * (int64_t)gmr->params.length);
}

void track_free(struct guarded_mr *gmr)
{
	event_source_put(gmr->source);
	retired_free(gmr->retired);
	free(gmr);
}

static void add(struct guarded_mr *gmr) PS_REQUIRES(table_lock)
{
	LIST_INSERT_HEAD(bucket_of(gmr->mr), gmr, link);
	gmr->kernel_mr_gone = false;
	set_state(gmr, MR_ALIVE);
	count(gmr, 1);
}

int track_add(struct guarded_mr *gmr)
{
	int r = 0;
	size_t i;

	ps_lock(&table_lock);
	for (i = 0; i < gmr->n_leases; i++)
		if (!lease_is_held_locked(gmr->leases[i]))
			r = EAGAIN;
	if (!r)
		add(gmr);
	ps_unlock(&table_lock);
	return r;
}

void track_add_orphan(struct guarded_mr *gmr)
{
	track_replace(NULL, gmr);
}

void track_replace(struct guarded_mr *old, struct guarded_mr *new)
{
	ps_lock(&table_lock);
	if (old) {
		LIST_REMOVE(old, link);
		count(old, -1);
	}
	add(new);
	ps_unlock(&table_lock);
}

/* Wait until nobody is at it. */
static int find_idle(const struct ibv_mr *mr, struct guarded_mr **ret_gmr)
	PS_REQUIRES(table_lock)
{
	struct guarded_mr *gmr;
	bool has_waited = false;

	while ((gmr = find(mr)) && gmr->state != MR_ALIVE &&
	       gmr->state != MR_ZOMBIE) {
		has_waited = true;
		ps_wait(&state_changed, &table_lock);
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
		set_state(*ret_gmr, MR_DEREGISTERING);
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
		ps_wait(&state_changed, &table_lock);
	r = find_idle(mr, &gmr);
	if (!r && gmr->kernel_mr_gone)
		r = ESTALE;
	if (!r) {
		set_state(gmr, MR_REREGISTERING);
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
	pthread_cond_broadcast(&state_changed);
	ps_unlock(&table_lock);
}

void track_keep(struct guarded_mr *gmr)
{
	ps_lock(&table_lock);
	gmr->is_freed = false;
	set_state(gmr, gmr->kernel_mr_gone ? MR_ZOMBIE : MR_ALIVE);
	ps_unlock(&table_lock);
}

size_t track_remove(struct guarded_mr *gmr)
{
	size_t n_leases;

	ps_lock(&table_lock);
	LIST_REMOVE(gmr, link);
	pthread_cond_broadcast(&state_changed);
	if (gmr->kernel_mr_gone) {
		n_leases = 0;
		stats_add(zombie_mrs, -1);
	} else {
		n_leases = gmr->n_leases;
		count(gmr, -1);
	}
	ps_unlock(&table_lock);
	return n_leases;
}

bool track_swallow_dereg(const struct ibv_mr *mr)
{
	struct guarded_mr *gmr;
	bool must_swallow = false;

	ps_lock(&table_lock);
	LIST_FOREACH(gmr, bucket_of(mr), link) {
		if (gmr->mr != mr || !gmr->kernel_mr_gone || gmr->is_freed)
			continue;
		/* Next time the address can be that of another MR. */
		gmr->is_freed = true;
		must_swallow = true;
		break;
	}
	ps_unlock(&table_lock);
	return must_swallow;
}

void track_freeing(const struct ibv_mr *mr)
{
	struct guarded_mr *gmr;

	ps_lock(&table_lock);
	gmr = find(mr);
	if (gmr && gmr->state == MR_DEREGISTERING)
		gmr->is_freed = true;
	ps_unlock(&table_lock);
}

bool track_has(struct ibv_mr *mr)
{
	const struct guarded_mr *gmr;

	ps_lock(&table_lock);
	while ((gmr = find(mr)) && gmr->state == MR_REREGISTERING)
		ps_wait(&state_changed, &table_lock);
	ps_unlock(&table_lock);
	return gmr;
}

static bool is_written(const struct guarded_mr *gmr) PS_REQUIRES(table_lock)
{
	return gmr->is_written && !gmr->is_on_demand && !gmr->kernel_mr_gone;
}

bool track_is_written(struct guarded_mr *gmr)
{
	bool r;

	ps_lock(&table_lock);
	r = is_written(gmr);
	ps_unlock(&table_lock);
	return r;
}

static bool is_due(const struct guarded_mr *gmr, const struct lease *lease)
{
	return track_holds(gmr, lease) &&
	       clock_now_ns() >= lease_deadline_ns(lease, gmr->grace_ns);
}

static bool is_meant(const struct guarded_mr *gmr, const struct lease *lease,
		     const struct ibv_context *context, uint64_t round)
	PS_REQUIRES(table_lock)
{
	return gmr->claimed_in < round && (!lease || is_due(gmr, lease)) &&
	       (!context || gmr->context == context);
}

struct guarded_mr *track_claim(const struct lease *lease,
			       const struct ibv_context *context,
			       uint64_t round)
{
	struct guarded_mr *gmr = NULL;
	size_t i;

	ps_lock(&table_lock);
	for (i = 0; i < N_BUCKETS && !gmr; i++)
		LIST_FOREACH(gmr, &buckets[i], link)
			if (gmr->state == MR_ALIVE &&
			    is_meant(gmr, lease, context, round))
				break;
	if (gmr) {
		gmr->claimed_in = round;
		set_state(gmr, MR_REVOKING);
	}
	ps_unlock(&table_lock);
	return gmr;
}

struct guarded_mr *track_claim_mr(const struct ibv_mr *mr)
{
	struct guarded_mr *gmr;

	ps_lock(&table_lock);
	gmr = find(mr);
	if (gmr && gmr->state == MR_ALIVE)
		set_state(gmr, MR_REVOKING);
	else
		gmr = NULL;
	ps_unlock(&table_lock);
	return gmr;
}

void track_visit(const struct lease *lease,
		 void (*fn)(struct guarded_mr *gmr, void *arg), void *arg)
{
	struct guarded_mr *gmr;
	size_t i;

	ps_lock(&table_lock);
	for (i = 0; i < N_BUCKETS; i++)
		LIST_FOREACH(gmr, &buckets[i], link)
			if (gmr->state == MR_ALIVE && track_holds(gmr, lease))
				fn(gmr, arg);
	ps_unlock(&table_lock);
}

int track_get_params(const struct ibv_mr *mr, enum mr_state state,
		     struct mr_params *ret_params,
		     struct event_source **ret_source)
{
	struct guarded_mr *gmr;
	int r = EINVAL;

	ps_lock(&table_lock);
	gmr = find(mr);
	if (gmr && gmr->state == state && gmr->params.pd) {
		*ret_params = gmr->params;
		*ret_source = event_source_get(gmr->source);
		r = 0;
	}
	ps_unlock(&table_lock);
	return r;
}

static bool overlaps(const struct guarded_mr *gmr, uintptr_t start,
		     uintptr_t end)
{
	size_t i;

	for (i = 0; i < gmr->n_ranges; i++)
		if (gmr->ranges[i].start < end && start < gmr->ranges[i].end)
			return true;
	return false;
}

struct guarded_mr *track_claim_on_demand(uintptr_t start, uintptr_t end,
					 uint64_t round)
{
	struct guarded_mr *gmr = NULL;
	size_t i;

	ps_lock(&table_lock);
	for (i = 0; i < N_BUCKETS && !gmr; i++)
		LIST_FOREACH(gmr, &buckets[i], link)
			if (gmr->state == MR_ALIVE && gmr->is_on_demand &&
			    gmr->claimed_in != round &&
			    overlaps(gmr, start, end))
				break;
	if (gmr) {
		gmr->claimed_in = round;
		set_state(gmr, MR_REVOKING);
	}
	ps_unlock(&table_lock);
	return gmr;
}

static bool cut(struct mr_range *range, const struct track_query *query)
{
	if (!query->any_file &&
	    (range->dev != query->dev || range->ino != query->ino))
		return false;
	if (range->start < query->start)
		range->start = query->start;
	if (range->end > query->end)
		range->end = query->end;
	return range->start < range->end;
}

int track_find_written(const struct track_query *query,
		       struct mr_range **ret_ranges, size_t *ret_n)
{
	struct mr_range *ranges = NULL, *more;
	struct guarded_mr *gmr;
	size_t i, j, n = 0;
	int r = 0;

	ps_lock(&table_lock);
	for (i = 0; i < N_BUCKETS && !r; i++) {
		LIST_FOREACH(gmr, &buckets[i], link) {
			if (!is_written(gmr))
				continue;
			more = reallocarray(ranges, n + gmr->n_ranges,
					    sizeof(*ranges));
			if (!more) {
				r = ENOMEM;
				break;
			}
			ranges = more;
			for (j = 0; j < gmr->n_ranges; j++) {
				ranges[n] = gmr->ranges[j];
				n += cut(&ranges[n], query);
			}
		}
	}
	ps_unlock(&table_lock);
	if (r) {
		free(ranges);
		return r;
	}
	*ret_ranges = ranges;
	*ret_n = n;
	return 0;
}

void track_claim_done(struct guarded_mr *gmr, bool is_revoked)
{
	ps_lock(&table_lock);
	gmr->kernel_mr_gone = is_revoked;
	set_state(gmr, is_revoked ? MR_ZOMBIE : MR_ALIVE);
	if (is_revoked) {
		count(gmr, -1);
		stats_add(zombie_mrs, 1);
	}
	ps_unlock(&table_lock);
}

struct guarded_mr *track_detach_context(const struct ibv_context *context)
{
	struct guarded_mr *gmr, *next, *alive = NULL;
	size_t i;

	ps_lock(&table_lock);
	for (i = 0; i < N_BUCKETS; i++) {
		for (gmr = LIST_FIRST(&buckets[i]); gmr; gmr = next) {
			next = LIST_NEXT(gmr, link);
			if (gmr->context != context)
				continue;
			LIST_REMOVE(gmr, link);
			if (gmr->kernel_mr_gone) {
				stats_add(zombie_mrs, -1);
				track_free(gmr);
			} else {
				count(gmr, -1);
				gmr->next_detached = alive;
				alive = gmr;
			}
		}
	}
	ps_unlock(&table_lock);
	return alive;
}

void track_make_zombies(void)
{
	struct guarded_mr *gmr;
	size_t i;

	state_changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	LIST_INIT(&moves);
	for (i = 0; i < N_BUCKETS; i++) {
		LIST_FOREACH(gmr, &buckets[i], link) {
			gmr->state = MR_ZOMBIE;
			gmr->kernel_mr_gone = true;
			stats_add(zombie_mrs, 1);
		}
	}
}
