// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a broken lease leads to, and the only place that knows the order:
 *
 *   break -> (grace) -> redirty -> revoke the memory regions -> release
 *
 * A lease is never released while one of its memory regions may be alive.  If
 * an MR can not be destroyed the lease stays.  Of a layout lease the kernel
 * then fails whoever wants the blocks with ETXTBSY at the end of
 * lease-break-time; an ordinary lease it takes away, and goes on.
 */
#include <string.h>

#include "breaker.h"
#include "clock.h"
#include "event.h"
#include "lease.h"
#include "log.h"
#include "probe.h"
#include "redirty.h"
#include "retired.h"
#include "revoke.h"
#include "stats.h"
#include "track.h"

/* Until the next look at a break that is not over */
#define RETRY_INTERVAL_NS (10 * NSEC_PER_MSEC)

static uint64_t round_number;
static uint64_t looked_at_ns;	/* at the leases, for the last time */

/* Holding an ordinary lease would guard nothing: the kernel takes it away. */
static bool is_to_be_held(const struct lease *lease)
{
	return lease->policy.hold_on_break && lease->backend == &lease_layout;
}

/* Posting does not block, so that it is allowed under table_lock. */
static void post_break(struct guarded_mr *gmr, void *arg)
{
	const struct lease *lease = arg;
	uint64_t deadline_ns = 0;

	if (!gmr->grace_ns || !lease->max_grace_ns)
		return;
	if (!is_to_be_held(lease))
		deadline_ns = lease_deadline_ns(lease, gmr->grace_ns);
	event_post(gmr->source, PINSAFE_EVENT_BREAK, 0, lease->dev, lease->ino,
		   deadline_ns);
}

static void post_lost(struct guarded_mr *gmr, void *arg)
{
	const struct lease *lease = arg;

	event_post(gmr->source, PINSAFE_EVENT_LOST, 0, lease->dev, lease->ino,
		   lease->broken_at_ns);
}

static void tell_program(struct lease *lease)
{
	if (!lease->is_told)
		track_visit(lease, post_break, lease);
	lease->is_told = true;
	if (lease_is_lost(lease))
		track_visit(lease, post_lost, lease);
}

/* Notice breaks and tell the program.  Returns when the first is high time. */
static uint64_t look(void)
{
	uint64_t earliest = UINT64_MAX, ns;
	struct lease *lease = NULL;

	looked_at_ns = clock_now_ns();
	lease_scan();
	while ((lease = lease_next_broken(lease))) {
		tell_program(lease);
		ns = lease_last_call_ns(&lease, 1);
		/* One that cannot be revoked anyway hurries nobody. */
		if (ns < earliest && !lease->has_failed && !lease->is_gone)
			earliest = ns;
	}
	return earliest;
}

struct revoke {
	struct guarded_mr *gmr;
	const struct lease *lease;	/* that was broken, or NULL */
};

/*
 * There may be so many pages that files are broken meanwhile.  That is answered
 * before the next pages, or, if this is part of such an answer, in time after it.
 */
static uint64_t redirty_deadline_ns(void *arg)
{
	const struct revoke *revoke = arg;
	const struct guarded_mr *gmr = revoke->gmr;
	uint64_t others = UINT64_MAX, own;

	if (clock_now_ns() - looked_at_ns >= RETRY_INTERVAL_NS) {
		if (revoke->lease)
			others = look();
		else
			(void)breaker_run();
	}
	own = lease_last_call_ns(gmr->leases, gmr->n_leases);
	return own < others ? own : others;
}

/* The MR is a zombie afterwards, which the program may destroy at any time. */
static void finish(struct guarded_mr *gmr)
{
	size_t i;

	for (i = 0; i < gmr->n_leases; i++)
		lease_drop_holder(gmr->leases[i]);
	track_claim_done(gmr, true);
}

/*
 * What the device has written so far shall get to the file.  @lease is the one
 * that was broken, or NULL.
 */
static int revoke_one(struct guarded_mr *gmr, const struct lease *lease)
{
	struct event_source *source = event_source_get(gmr->source);
	dev_t dev = lease ? lease->dev : gmr->ranges[0].dev;
	ino_t ino = lease ? lease->ino : gmr->ranges[0].ino;
	struct revoke revoke = { gmr, lease };
	const struct redirty_limit limit = { redirty_deadline_ns, &revoke };
	int r;

	/*
	 * The memory region must go in time, so that comes first.  When it is
	 * late and the driver has failed before, that was said.
	 */
	if (track_is_written(gmr) &&
	    (gmr->retired || redirty_deadline_ns(&revoke) > clock_now_ns()))
		redirty(gmr->ranges, gmr->n_ranges, &limit);
	/* Before the kernel may give the keys to another one */
	if (gmr->retired)
		retired_add(gmr->retired, gmr->mr);
	gmr->retired = NULL;
	r = revoke_mr(gmr->mr);
	if (r) {
		stats_add(revoke_failures, 1);
		track_claim_done(gmr, false);
		event_post(source, PINSAFE_EVENT_REVOKE_FAILED, r, dev, ino, 0);
	} else {
		stats_add(revoked_mrs, 1);
		finish(gmr);
		event_post(source, PINSAFE_EVENT_REVOKED, 0, dev, ino, 0);
	}
	event_source_put(source);
	return r;
}

static void tell_failure(struct lease *lease, uint32_t lkey, int r)
{
	if (!lease->has_failed)
		log_error("breaker: %s: memory region with lkey 0x%x cannot be revoked: %s; the lease stays%s",
			lease->path, lkey, strerror(r),
			lease->backend->sees_own_operations
				? " and whoever removes blocks of the file has to wait"
				: ", but at the end of lease-break-time the kernel takes it away and the DEVICE WRITES TO A FILE THAT MAY HAVE LOST ITS PAGES");
	lease->has_failed = true;
}

static void revoke_all(struct lease *lease)
{
	struct guarded_mr *gmr;
	uint32_t lkey;
	int r;

	while ((gmr = track_claim(lease, NULL, round_number))) {
		lkey = gmr->mr->lkey;
		probe_revoke_begin(lkey);
		r = revoke_one(gmr, lease);
		probe_revoke_end(lkey, r);
		if (r)
			tell_failure(lease, lkey, r);
		else
			lease->n_revoked++;
	}
}

/*
 * on_break=hold: the memory regions stay, and the kernel fails the breaker with
 * ETXTBSY.  It has removed the lease then, so take it again for the next one.
 */
static void hold_all(struct lease *lease)
{
	if (!lease->has_failed)
		log_warn("breaker: %s: the lease is being broken, and on_break=hold: the memory regions stay, whoever removes blocks of the file will get ETXTBSY after lease-break-time, or wait if that is 0",
			lease->path);
	lease->has_failed = !lease_hold_again(lease);
}

static void run_broken(struct lease *lease)
{
	if (is_to_be_held(lease))
		hold_all(lease);
	else
		revoke_all(lease);
}

uint64_t breaker_run(void)
{
	struct lease *lease, *next;

	(void)look();
	round_number++;
	for (lease = lease_next_broken(NULL); lease; lease = next) {
		run_broken(lease);
		next = lease_next_broken(lease);
		/* Those behind it may take their time. */
		(void)lease_reap_one(lease);
	}
	return lease_reap() ? RETRY_INTERVAL_NS : UINT64_MAX;
}

void breaker_revoke_context(struct ibv_context *context)
{
	/* breaker_run() may come in between. */
	uint64_t round = ++round_number;
	struct guarded_mr *gmr;

	while ((gmr = track_claim(NULL, context, round)))
		(void)revoke_one(gmr, NULL);
	lease_reap();
}

void breaker_revoke_on_demand(uintptr_t start, uintptr_t end)
{
	struct guarded_mr *gmr;

	round_number++;
	while ((gmr = track_claim_on_demand(start, end, round_number))) {
		uint32_t lkey = gmr->mr->lkey;
		int r = revoke_one(gmr, NULL);

		if (r) {
			log_error("breaker: memory region with lkey 0x%x is on demand and its memory is being unmapped, but it cannot be revoked: %s",
				lkey, strerror(r));
			continue;
		}
		log_warn("breaker: memory region with lkey 0x%x revoked: the program unmaps its memory",
			lkey);
	}
}

int breaker_revoke_mr(struct ibv_mr *mr)
{
	struct guarded_mr *gmr = track_claim_mr(mr);
	int r;

	if (!gmr)
		return 0;
	r = revoke_one(gmr, NULL);
	/* A lease that was waiting for this goes now. */
	(void)breaker_run();
	return r;
}

void breaker_revoke_all(void)
{
	breaker_revoke_context(NULL);
}
