// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a broken lease leads to, and the only place that knows the order:
 *
 *   break -> (grace) -> redirty -> revoke the memory regions -> release
 *
 * lease_break.c notices the break, and device.c has the kernel destroy a memory
 * region.
 *
 * A lease is never released while one of its memory regions may be alive.  If
 * an MR can not be destroyed the lease stays.  Of a layout lease the kernel
 * then fails whoever wants the blocks with ETXTBSY at the end of
 * lease-break-time; an ordinary lease it takes away, and goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/probe.h"
#include "base/stats.h"
#include "device.h"
#include "event.h"
#include "keeper.h"
#include "lease.h"
#include "redirty_written.h"
#include "retired.h"
#include "revoke.h"
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
	uint64_t grace_ns = gmr->grace_ms * NSEC_PER_MSEC;
	uint64_t deadline_ns = 0;

	if (!grace_ns || !lease->max_grace_ns)
		return;
	if (!is_to_be_held(lease))
		deadline_ns = lease_deadline_ns(lease, grace_ns);
	event_post(track_source(gmr), PINSAFE_EVENT_BREAK, 0, lease->dev, lease->ino,
		   deadline_ns);
}

static void post_lost(struct guarded_mr *gmr, void *arg)
{
	const struct lease *lease = arg;

	event_post(track_source(gmr), PINSAFE_EVENT_LOST, 0, lease->dev, lease->ino,
		   lease->broken_at_ns);
}

/*
 * When it is high time for the first of the leases that are being broken.  One
 * that cannot be revoked anyway hurries nobody.
 */
static uint64_t first_call_ns(void)
{
	uint64_t earliest = UINT64_MAX, ns;
	struct lease *lease = NULL;

	while ((lease = lease_next_broken(lease))) {
		ns = lease_last_call_ns(&lease, 1);
		if (ns < earliest && !lease->has_failed && !lease->is_gone)
			earliest = ns;
	}
	return earliest;
}

/* Tell the program of breaks. */
static void look(void)
{
	struct lease *lease = NULL;

	looked_at_ns = clock_now_ns();
	while ((lease = lease_next_broken(lease))) {
		if (!lease->is_told)
			track_visit(lease, post_break, lease);
		lease->is_told = true;
		if (lease_is_lost(lease))
			track_visit(lease, post_lost, lease);
	}
}

/* Memory regions that were claimed together, and the lease that was broken */
struct batch {
	struct guarded_mr *first;
	struct lease *lease;		/* or NULL */
	uint64_t others_ns;		/* when others were to be answered */
};

/* Breaks that are answered while another one is; deeper they have to wait. */
#define MAX_NESTED 8

static void run_nested(void)
{
	static __thread unsigned int n_nested;

	if (n_nested == MAX_NESTED) {
		look();
		return;
	}
	n_nested++;
	(void)revoke_broken();
	n_nested--;
}

/*
 * There may be so many pages, or a file system that keeps us waiting, that files
 * are broken meanwhile.  That is answered at once, also if this is part of such
 * an answer.  A batch is of memory regions that were claimed, so nobody comes to
 * the same ones again; and none waits past the last call of another's lease.
 */
static uint64_t redirty_deadline_ns(void *arg)
{
	bool is_time = clock_now_ns() - looked_at_ns >= RETRY_INTERVAL_NS;
	struct batch *batch = arg;
	uint64_t own_ns;

	if (is_time) {
		lease_wait(0);
		run_nested();
		batch->others_ns = first_call_ns();
	}
	if (!batch->lease)
		return first_call_ns();
	own_ns = lease_last_call_ns(&batch->lease, 1);
	return own_ns < batch->others_ns ? own_ns : batch->others_ns;
}

/*
 * What the device has written so far shall get to the file.  The memory regions
 * must go in time, so that comes first.  When it is late and the driver has
 * failed before, that was said.
 */
static void redirty_batch(struct batch *batch)
{
	const struct redirty_limit limit = {redirty_deadline_ns, batch};
	bool is_late = redirty_deadline_ns(batch) <= clock_now_ns();
	struct mr_range *ranges;
	struct guarded_mr *gmr;
	size_t n;

	if (!track_claimed_written(batch->first, is_late, &ranges, &n)) {
		if (n)
			redirty_aside(ranges, redirty_merge(ranges, n), &limit);
		free(ranges);
		return;
	}
	for (gmr = batch->first; gmr; gmr = gmr->next)
		if (track_is_written(gmr) && (gmr->n_keys || !is_late))
			redirty_aside(gmr->ranges, gmr->n_ranges, &limit);
}

/* Before the kernel may give the keys to another one */
static void retire_batch(const struct batch *batch)
{
	struct guarded_mr *gmr;

	for (gmr = batch->first; gmr; gmr = gmr->next) {
		if (gmr->n_keys)
			retired_add(gmr->n_keys, gmr->mr);
		gmr->n_keys = 0;
	}
}

/* Afterwards it is a zombie, which the program may destroy at any time. */
static int revoke_one(struct guarded_mr *gmr, const struct lease *lease)
{
	struct event_source *source = event_source_get(track_source(gmr));
	dev_t dev = lease ? lease->dev : gmr->ranges[0].dev;
	ino_t ino = lease ? lease->ino : gmr->ranges[0].ino;
	int r = device_destroy_mr(gmr->mr);

	if (r) {
		stats_add(revoke_failures, 1);
		track_claim_done(gmr, false);
		event_post(source, PINSAFE_EVENT_REVOKE_FAILED, r, dev, ino, 0);
	} else {
		stats_add(revoked_mrs, 1);
		track_claim_done(gmr, true);
		event_post(source, PINSAFE_EVENT_REVOKED, 0, dev, ino, 0);
	}
	event_source_put(source);
	return r;
}

/* @told is given what became of each.  The errno of the last one */
static int revoke_batch(struct guarded_mr *first, struct lease *lease,
			void (*told)(uint32_t lkey, int r, void *arg),
			void *arg)
{
	struct batch batch = {first, lease, UINT64_MAX};
	struct guarded_mr *gmr, *next;
	uint32_t lkey;
	int r = 0;

	if (!first)
		return 0;
	redirty_batch(&batch);
	retire_batch(&batch);
	for (gmr = first; gmr; gmr = next) {
		next = gmr->next;
		lkey = gmr->mr->lkey;
		probe_revoke_begin(lkey);
		r = revoke_one(gmr, lease);
		probe_revoke_end(lkey, r);
		if (told)
			told(lkey, r, arg);
	}
	return r;
}

static void told_of_break(uint32_t lkey, int r, void *arg)
{
	struct lease *lease = arg;

	if (!r) {
		lease->n_revoked++;
		return;
	}
	if (!lease->has_failed)
		log_error("revoke: %s: memory region with lkey 0x%x cannot be revoked: %s; the lease stays%s",
			lease->path, lkey, strerror(r),
			lease->backend->is_blind
				? ", but at the end of lease-break-time the kernel takes it away and the DEVICE WRITES TO A FILE THAT MAY HAVE LOST ITS PAGES"
				: " and whoever removes blocks of the file has to wait");
	lease->has_failed = true;
}

/*
 * on_break=hold: the memory regions stay, and the kernel fails the breaker with
 * ETXTBSY.  It has removed the lease then, so take it again for the next one.
 */
static void hold_all(struct lease *lease)
{
	if (!lease->has_failed)
		log_warn("revoke: %s: the lease is being broken, and on_break=hold: the memory regions stay, whoever removes blocks of the file will get ETXTBSY after lease-break-time, or wait if that is 0",
			lease->path);
	lease->has_failed = !lease_hold_again(lease);
}

uint64_t revoke_broken(void)
{
	struct lease *lease, *next;

	look();
	round_number++;
	for (lease = lease_next_broken(NULL); lease; lease = next) {
		if (is_to_be_held(lease))
			hold_all(lease);
		else
			revoke_batch(track_claim_lease(lease, round_number),
				     lease, told_of_break, lease);
		next = lease_next_broken(lease);
		/* Those behind it may take their time. */
		(void)lease_reap_one(lease);
	}
	return lease_reap() ? RETRY_INTERVAL_NS : UINT64_MAX;
}

static void told_of_close(uint32_t lkey, int r, void *arg)
{
	if (r)
		log_error("revoke: memory region with lkey 0x%x cannot be revoked, though its device is closed or the program ends: %s; it lasts, without a lease, until the last descriptor and mapping of the device are gone, which a child of fork(2) may have",
			lkey, strerror(r));
}

void revoke_context(struct ibv_context *context)
{
	revoke_batch(track_claim_context(context, ++round_number), NULL,
		     told_of_close, NULL);
	lease_reap();
}

static void told_of_unmap(uint32_t lkey, int r, void *arg)
{
	if (r)
		log_error("revoke: memory region with lkey 0x%x is on demand and its memory is being unmapped, but it cannot be revoked: %s",
			lkey, strerror(r));
	else
		log_warn("revoke: memory region with lkey 0x%x revoked: the program unmaps its memory",
			lkey);
}

void revoke_on_demand(uintptr_t start, uintptr_t end)
{
	revoke_batch(track_claim_on_demand(start, end, ++round_number), NULL,
		     told_of_unmap, NULL);
}

static int revoke_on_keeper(void *mr)
{
	int r = revoke_batch(track_claim_mr(mr, ++round_number), NULL, NULL,
			     NULL);

	/* A lease that was waiting for this goes now. */
	(void)revoke_broken();
	return r;
}

int revoke_mr(struct ibv_mr *mr)
{
	return keeper_call(revoke_on_keeper, mr);
}

void revoke_all(void)
{
	revoke_context(NULL);
}
