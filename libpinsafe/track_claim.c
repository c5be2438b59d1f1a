// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The keeper's side of track.c: which memory regions a break, the end of a
 * context or an munmap(2) is about.  Each list is walked once in a round, so that
 * a break is linear in the memory regions of its file.
 */
#include "base/clock.h"
#include "lease.h"
#include "track_list.h"

struct claim {
	const struct ibv_context *context;
	uint64_t round;
	struct guarded_mr *first, **last;
};

#define CLAIM_INITIALIZER(claim, n) { .round = n, .last = &(claim).first }

static void claim_one(struct guarded_mr *gmr, struct claim *claim)
	PS_REQUIRES(table_lock)
{
	if (gmr->state != MR_ALIVE || gmr->claimed_in >= claim->round)
		return;
	gmr->claimed_in = claim->round;
	track_set_state(gmr, MR_REVOKING);
	gmr->next = NULL;
	*claim->last = gmr;
	claim->last = &gmr->next;
}

struct guarded_mr *track_claim_lease(const struct lease *lease, uint64_t round)
{
	struct claim claim = CLAIM_INITIALIZER(claim, round);
	uint64_t now_ns = clock_now_ns();
	struct mr_hold *of;

	ps_lock(&table_lock);
	LIST_FOREACH(of, &lease->mrs, link)
		if (now_ns >= lease_deadline_ns(lease, of->gmr->grace_ms *
							       NSEC_PER_MSEC))
			claim_one(of->gmr, &claim);
	ps_unlock(&table_lock);
	return claim.first;
}

static void claim_of_context(struct guarded_mr *gmr, void *arg)
	PS_REQUIRES(table_lock)
{
	struct claim *claim = arg;

	if (!claim->context || gmr->context == claim->context)
		claim_one(gmr, claim);
}

struct guarded_mr *track_claim_context(const struct ibv_context *context,
				       uint64_t round)
{
	struct claim claim = CLAIM_INITIALIZER(claim, round);

	claim.context = context;
	ps_lock(&table_lock);
	table_visit(claim_of_context, &claim);
	ps_unlock(&table_lock);
	return claim.first;
}

struct guarded_mr *track_claim_mr(const struct ibv_mr *mr, uint64_t round)
{
	struct claim claim = CLAIM_INITIALIZER(claim, round);
	struct guarded_mr *gmr;

	ps_lock(&table_lock);
	gmr = table_find(mr);
	if (gmr)
		claim_one(gmr, &claim);
	ps_unlock(&table_lock);
	return claim.first;
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
	struct claim claim = CLAIM_INITIALIZER(claim, round);
	struct mr_hold *of;

	ps_lock(&table_lock);
	for (of = track_list_on_demand(); of; of = LIST_NEXT(of, link))
		if (overlaps(of->gmr, start, end))
			claim_one(of->gmr, &claim);
	ps_unlock(&table_lock);
	return claim.first;
}

void track_visit(const struct lease *lease,
		 void (*fn)(struct guarded_mr *gmr, void *arg), void *arg)
{
	struct mr_hold *of;

	ps_lock(&table_lock);
	LIST_FOREACH(of, &lease->mrs, link)
		if (of->gmr->state == MR_ALIVE)
			fn(of->gmr, arg);
	ps_unlock(&table_lock);
}
