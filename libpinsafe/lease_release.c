// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The end of a lease, and how many there are. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/probe.h"
#include "base/stats.h"
#include "base/sys.h"
#include "lease_barrier.h"
#include "lease_table.h"
#include "machine/lease_why.h"
#include "refusal/refusal.h"
#include "sigio.h"

/* As the kernel may have them: from before they are taken until they are gone */
static _Atomic size_t n_any;
static _Atomic uint64_t n_taken;
static void (*gone)(struct lease *lease);

void lease_set_gone(void (*fn)(struct lease *lease))
{
	gone = fn;
}

void lease_count_new(const struct lease *lease)
{
	if (lease->backend->is_blind)
		lease_blind_add(lease->dev, lease->ino);
	atomic_fetch_add(&n_any, 1);
	atomic_fetch_add(&n_taken, 1);
}

static void count_gone(const struct lease *lease)
{
	atomic_fetch_sub(&n_any, 1);
	if (lease->backend->is_blind)
		lease_blind_remove(lease->dev, lease->ino);
}

void lease_count_none(void)
{
	atomic_store(&n_any, 0);
}

bool lease_is_any(void)
{
	return atomic_load(&n_any);
}

uint64_t lease_n_taken(void)
{
	return atomic_load(&n_taken);
}

void lease_free(struct lease *lease)
{
	free(lease->path);
	free(lease);
}

void lease_drop(struct lease *lease)
{
	count_gone(lease);
	lease_free(lease);
}

static void tell_release(const struct lease *lease, uint64_t released_at_ns)
{
	uint64_t ns = released_at_ns - lease->broken_at_ns;

	if (!lease->broken_at_ns) {
		log_debug("lease: %s: released", lease->path);
		return;
	}
	stats_add_revoke(ns, lease->break_time_ns);
	log_warn("revoke: %s: the %s lease was broken, because %s: %u memory region(s) revoked, lease released after %.1f ms",
		 lease->path, lease->backend->name,
		 lease->why_broken ?: lease->backend->break_means,
		 lease->n_revoked, (double)ns / NSEC_PER_MSEC);
}

/* Whoever waits for an ordinary lease goes on when that time is over. */
static void tell_lost(const struct lease *lease)
{
	log_error("lease: %s: %s: WHAT DEVICES WROTE SINCE THEN MAY BE LOST",
		  lease->path,
		  lease->is_given_up ?
			  "the program, or another process that has the same open file description, had given it back" :
			  "it was not released within lease-break-time, so the kernel had taken it away");
}

static void tell_kept(const struct lease *lease, const struct cause *cause,
		      int r)
{
	if (cause->kind == CAUSE_NOT_OWNER)
		log_error("lease: %s: %u memory region(s) revoked, but the lease CANNOT BE RELEASED: the process is not the owner of the file any more, nor has it CAP_LEASE; whoever opens the file waits for all of lease-break-time, until the program unmaps and closes it; register after privileges were dropped and files given away, or keep CAP_LEASE",
			  lease->path, lease->n_revoked);
	else
		log_error("lease: %s: %u memory region(s) revoked, but the lease CANNOT BE RELEASED, because fcntl(2) with F_SETLEASE fails with %s; whoever opens the file waits for all of lease-break-time, until the program unmaps and closes it; %s",
			  lease->path, lease->n_revoked, strerrorname_np(r),
			  refusal_way_out(r));
}

/*
 * F_UNLCK takes the same rights as F_SETLEASE (EACCES); EAGAIN: the kernel has
 * removed the lease.
 *
 * It also goes with the last descriptor of its open file description, whoever
 * closes that, and before anything that may have to wait (fs/file_table.c:__fput).
 * Ours is the only one but of a write lease, which is on the description that the
 * program has mapped.
 */
static void release(struct lease *lease)
{
	uint64_t now_ns = clock_now_ns();
	int r = sys_fcntl(lease->fd.fd, F_SETLEASE, F_UNLCK) ? errno : 0;
	bool is_kept = r && r != EAGAIN && !lease->is_gone &&
		       lease->type == F_WRLCK;
	struct cause cause = { .kind = CAUSE_UNKNOWN };

	/* Since the last look, maybe */
	if (r == EAGAIN && lease->broken_at_ns)
		(void)lease_is_lost(lease);
	/* A break of it would be taken for one of a lease of the program. */
	if (is_kept) {
		(void)lease_why_not(lease->fd.fd, r, &cause);
		sigio_disown(lease->fd.fd);
	}
	if (gone)
		gone(lease);
	keeper_close(&lease->fd);
	count_gone(lease);
	stats_add(leases, -1);
	if ((r == EAGAIN || (r && lease->is_gone)) && lease->broken_at_ns &&
	    lease->backend->is_blind)
		tell_lost(lease);
	if (is_kept)
		tell_kept(lease, &cause, r);
	else
		tell_release(lease, now_ns);
	probe_release(lease->path);
	lease_free(lease);
}

bool lease_reap_one(struct lease *lease)
{
	bool is_unused;

	ps_lock(&table_lock);
	is_unused = lease->holders == 0;
	if (is_unused)
		leases_remove(lease);
	ps_unlock(&table_lock);
	if (is_unused)
		release(lease);
	return is_unused;
}

bool lease_reap(void)
{
	struct lease *lease;

	while ((lease = PS_LOCKED(&table_lock, leases_first_unused())))
		(void)lease_reap_one(lease);
	return lease_next_broken(NULL);
}
