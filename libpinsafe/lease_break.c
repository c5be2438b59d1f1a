// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Notice that leases are being broken; what that leads to is in revoke.c.
 *
 * This is on the keeper's thread: by the signal of the kernel, which names a
 * descriptor; by a look at all of them if signals were lost; and at some in turns
 * once a second, should all of that fail.
 *
 * What an ordinary lease is on, the program has as well: it may change owner and
 * signal there, or turn on O_DIRECT, and only a look tells.  512 in a second are
 * 10,000 within 20 s, less than half of lease-break-time (45 s).
 *
 * What a layout lease is on is ours alone, so the signals of all of them get
 * through, or may be lost, for reasons that are the process's (sigio_is_sure()),
 * which are looked at instead.  Then no lease has to be, and a few are only because
 * that costs nothing; if it was of use after all, whoever takes blocks away has got
 * ETXTBSY until then.  Else it is 512, too.
 */
#include <fcntl.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/probe.h"
#include "base/stats.h"
#include "base/sys.h"
#include "lease.h"
#include "lease_table.h"
#include "machine/lease_provider.h"
#include "sigio.h"

/* How long a break may go unnoticed when its signal was lost */
#define SCAN_INTERVAL_NS NSEC_PER_SEC
/* At so many at a time, so that an idle keeper costs next to nothing */
#define MAX_SCAN 512
#define MAX_SCAN_SURE 8

/* Its type; F_UNLCK: it is being broken; -1: nobody can tell any more. */
static int type_now(const struct lease *lease)
{
	return sys_fcntl(lease->fd.fd, F_GETLEASE, 0);
}

static const char not_told[] =
	"fcntl(2) with F_GETLEASE has begun to fail, so that nobody can tell whether it is still there";

/* From @now_ns on there is the time of a break, of which a quarter is kept back. */
static uint64_t last_call_ns(const struct lease *lease, uint64_t now_ns)
{
	if (!lease->break_time_ns)
		return UINT64_MAX;
	return now_ns + lease->break_time_ns / 4 * 3;
}

static void set_broken(struct lease *lease, const char *why)
{
	lease->why_broken = why;
	lease->broken_at_ns = clock_now_ns();
	lease->break_time_ns = lease_break_time_s() * NSEC_PER_SEC;
	lease->max_grace_ns = lease->break_time_ns ? lease->break_time_ns / 2 :
						     UINT64_MAX;
	ps_lock(&table_lock);
	lease->last_call_ns = last_call_ns(lease, lease->broken_at_ns);
	lease->state = LEASE_BREAKING;
	lease->blocks_from = lease->blocks_to = 0;
	ps_unlock(&table_lock);
	leases_set_broken(lease, true);
	stats_add(breaks, 1);
	probe_break(lease->path);
	log_info("lease: %s: %s lease is being broken, because %s", lease->path,
		 lease->backend->name, why ?: lease->backend->break_means);
}

uint64_t lease_deadline_ns(const struct lease *lease, uint64_t grace_ns)
{
	return lease->broken_at_ns + (grace_ns < lease->max_grace_ns ?
					      grace_ns : lease->max_grace_ns);
}

uint64_t lease_last_call_ns(struct lease *const *some, size_t n)
{
	uint64_t earliest = UINT64_MAX, ns;

	ps_lock(&table_lock);
	for (; n; n--, some++) {
		if ((*some)->state == LEASE_HELD)
			continue;
		ns = (*some)->last_call_ns;
		if (ns < earliest)
			earliest = ns;
	}
	ps_unlock(&table_lock);
	return earliest;
}

/*
 * The kernel takes it away at the end of lease-break-time, and not earlier.  What is
 * gone sooner was given back with F_UNLCK, by the program or by another process that
 * has the same description.
 */
static bool is_given_up(const struct lease *lease)
{
	uint64_t time_ns = lease_break_time_s() * NSEC_PER_SEC;

	return lease->type == F_WRLCK && sigio_is_forgotten(lease->fd.fd) &&
	       (!time_ns || clock_now_ns() - lease->held_at_ns < time_ns);
}

/*
 * F_GETLEASE says F_UNLCK both for a lease that is being broken and for none,
 * but with the lease the kernel forgets its signal (fs/locks.c:lease_modify).
 */
bool lease_is_lost(struct lease *lease)
{
	if (lease->is_gone || lease->why_broken == not_told ||
	    !sigio_is_forgotten(lease->fd.fd))
		return false;
	lease->is_gone = true;
	lease->is_given_up = is_given_up(lease);
	/* Nobody waits any more while the program takes its time. */
	lease->max_grace_ns = 0;
	/*
	 * Nor is it late for what a device wrote: that would be lost for no reason
	 * where the process was stopped meanwhile, and the file has all its pages.
	 */
	ps_lock(&table_lock);
	lease->last_call_ns = last_call_ns(lease, clock_now_ns());
	ps_unlock(&table_lock);
	/* Of a layout lease the breaker has to give up, and nothing is lost. */
	if (!lease->backend->is_blind)
		return false;
	stats_add(lost_leases, 1);
	return true;
}

bool lease_is_beside_pages(int fd, int type)
{
	int flags = type == F_WRLCK ? sys_fcntl(fd, F_GETFL, 0) : 0;

	return flags > 0 && flags & O_DIRECT;
}

static const char *why_not_held(struct lease *lease, int type)
{
	if (type < 0)
		return not_told;
	lease->is_given_up = is_given_up(lease);
	return lease->is_given_up ?
		       "it was given back through the same open file description (F_SETLEASE)" :
		       NULL;
}

/* Nobody else changes the state: no lock to read it. */
bool lease_check(struct lease *lease)
{
	int type;

	if (lease->broken_at_ns)
		return false;
	type = type_now(lease);
	if (type != lease->type)
		set_broken(lease, why_not_held(lease, type));
	else if (lease->backend->is_blind &&
		 lease_is_beside_pages(lease->fd.fd, type))
		set_broken(lease, "its description has O_DIRECT now, by which the file is read and written beside the pages that the device has");
	if (lease->broken_at_ns)
		return false;
	lease->held_at_ns = clock_now_ns();
	return true;
}

static void scan(bool is_blind, size_t n)
{
	if (n > leases_count(is_blind))
		n = leases_count(is_blind);
	while (n--)
		lease_check(leases_next_turn(is_blind));
}

void lease_scan(void)
{
	scan(true, SIZE_MAX);
	scan(false, SIZE_MAX);
}

/* As the descriptor was called when the lease was taken (fs/fcntl.c:kill_fasync) */
static void signalled(int fd)
{
	struct lease *lease = NULL;

	while ((lease = leases_next_signalled(lease, fd)))
		lease_check(lease);
	while ((lease = leases_next_signalled(lease, -1)))
		lease_check(lease);
}

void lease_wait(uint64_t timeout_ns)
{
	static uint64_t scanned_at_ns;
	uint64_t now_ns;

	if (sigio_wait(timeout_ns, signalled)) {
		lease_scan();
		return;
	}
	now_ns = clock_now_ns();
	if (now_ns - scanned_at_ns < SCAN_INTERVAL_NS)
		return;
	scanned_at_ns = now_ns;
	scan(true, MAX_SCAN);
	scan(false, sigio_is_sure() ? MAX_SCAN_SURE : MAX_SCAN);
}

unsigned int lease_break_blind(dev_t dev, ino_t ino)
{
	struct lease *lease = PS_LOCKED(&table_lock, lease_find(dev, ino));

	if (!lease || !lease->backend->is_blind)
		return 0;
	if (!lease->broken_at_ns)
		set_broken(lease, "the program itself takes blocks of the file away, shares them or turns on O_DIRECT");
	/* It waits for this itself. */
	lease->max_grace_ns = 0;
	return 1;
}

bool lease_hold_again(struct lease *lease)
{
	/* Pending breaks do not go away by this, only the lease comes back. */
	if (sigio_arm(lease->fd.fd, NULL) ||
	    sys_fcntl(lease->fd.fd, F_SETLEASE, lease->type) ||
	    type_now(lease) != lease->type)
		return false;
	lease->is_told = false;
	lease->is_gone = false;
	leases_set_broken(lease, false);
	leases_set_signal_fd(lease, lease->fd.fd);
	ps_lock(&table_lock);
	lease->broken_at_ns = 0;
	lease->state = LEASE_HELD;
	ps_unlock(&table_lock);
	log_info("lease: %s: held again, nobody waits for it any more",
		 lease->path);
	return true;
}
