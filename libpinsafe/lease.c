// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The leases of this process, one for each file, shared by all memory regions
 * over it.  Knows nothing of verbs.
 *
 * Leases are taken, queried and released on the keeper's thread only, so a
 * lease can not go away under it, and a break, which is noticed there, can not
 * overlap with a take or a release.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lease.h"
#include "lease_sysctl.h"
#include "lease_table.h"
#include "log.h"
#include "probe.h"
#include "stats.h"
#include "sys.h"

/* Leases that do not see the program's own operations */
static _Atomic size_t n_blind;
/* As the kernel may have them: from before they are taken until they are gone */
static _Atomic size_t n_any;
static _Atomic uint64_t n_taken;
static LIST_HEAD(, lease_barrier) barriers
	PS_GUARDED_BY(table_lock) = LIST_HEAD_INITIALIZER(barriers);

struct take_args {
	const struct lease_backend *backend;
	const struct backing *file;
	struct cause *cause;
	struct lease *lease;
};

static bool is_barred(const struct backing *file) PS_REQUIRES(table_lock)
{
	struct lease_barrier *barrier;

	LIST_FOREACH(barrier, &barriers, link)
		if (barrier->dev == file->dev && barrier->ino == file->ino)
			return true;
	return false;
}

/* ENOENT: there is none. */
static int share(const struct backing *file, struct lease **ret_lease)
{
	struct lease *lease;
	int r = ENOENT;

	ps_lock(&table_lock);
	lease = leases_find(file->dev, file->ino);
	if (is_barred(file)) {
		r = EAGAIN;
	} else if (lease) {
		r = lease->state == LEASE_HELD ? 0 : EAGAIN;
		if (!r) {
			leases_hold(lease);
			*ret_lease = lease;
		}
	}
	ps_unlock(&table_lock);
	return r;
}

static void count_blind(const struct lease *lease, int n)
{
	if (!lease->backend->sees_own_operations)
		atomic_fetch_add(&n_blind, n);
}

static void lease_free(struct lease *lease)
{
	free(lease->path);
	free(lease);
}

static int take_on_keeper(void *arg)
{
	struct take_args *args = arg;
	const struct backing *file = args->file;
	struct lease *lease;
	int r;

	/* Another thread's request may have come first. */
	r = share(file, &args->lease);
	if (r != ENOENT)
		return r;

	lease = calloc(1, sizeof(*lease));
	if (!lease)
		return ENOMEM;
	lease->backend = args->backend;
	lease->dev = file->dev;
	lease->ino = file->ino;
	lease->policy = config_policy(file->path);
	lease->path = strdup(file->path);
	atomic_fetch_add(&n_any, 1);
	atomic_fetch_add(&n_taken, 1);
	r = lease->path ? lease->backend->take(lease, file, args->cause) :
			  ENOMEM;
	if (r) {
		atomic_fetch_sub(&n_any, 1);
		lease_free(lease);
		return r;
	}
	log_debug("lease: %s: %s lease taken", lease->path,
		  lease->backend->name);
	/* For the break, when there may be no descriptor to read it with */
	(void)lease_break_time_s();

	ps_lock(&table_lock);
	if (is_barred(file))
		r = EAGAIN;
	lease->state = LEASE_HELD;
	lease->holders = !r;
	lease->signal_fd = lease->fd.fd;
	leases_insert(lease);
	ps_unlock(&table_lock);
	stats_add(leases, 1);
	count_blind(lease, 1);
	if (r)
		lease_reap();
	else
		args->lease = lease;
	return r;
}

/*
 * To open the file would break an ordinary lease that the program has on it.
 * Such a one is for the only description of a file, so one that it has tells.
 */
static bool is_leased_by_program(const struct backing *file)
{
	int fd = file->has_page_cache ? backing_find_descriptor(file) : -1;

	return fd >= 0 && sys_fcntl(fd, F_GETLEASE, 0) == F_WRLCK;
}

/*
 * This thread looks for the file, in its own directories and descriptors, and
 * the keeper gets what was found: one that the program has, where the lease is
 * to be had through that only, or one with O_PATH to open it anew.
 */
static int ask_for(struct take_args *args)
{
	const struct backing *file = args->file;
	int r = EBADF, fd = -1, path_fd = -1;

	if (args->backend->is_on_program_file) {
		fd = backing_find_descriptor(file);
	} else if (is_leased_by_program(file)) {
		args->cause->kind = CAUSE_OWN_LEASE;
		return EBUSY;
	}
	if (fd < 0 && (!args->backend->is_on_program_file ||
		       file->is_read_only) &&
	    !backing_open(file, O_PATH, &path_fd))
		fd = path_fd;
	if (fd >= 0)
		r = keeper_call_with(fd, take_on_keeper, args);
	if (path_fd >= 0)
		(void)sys_close(path_fd);
	/* Nothing found, or another thread has closed it just now */
	return r == EBADF ? keeper_call(take_on_keeper, args) : r;
}

int lease_take(const struct lease_backend *backend, const struct backing *file,
	       struct cause *cause, struct lease **ret_lease)
{
	struct take_args args = { .backend = backend, .file = file,
				  .cause = cause };
	int r;

	r = share(file, ret_lease);
	if (r == ENOENT) {
		r = ask_for(&args);
		if (!r)
			*ret_lease = args.lease;
	}
	if (r == EAGAIN && cause->kind == CAUSE_UNKNOWN)
		cause->kind = CAUSE_BREAK;
	return r;
}

static int reap_on_keeper(void *arg)
{
	lease_reap();
	return 0;
}

void lease_put(struct lease *lease)
{
	bool is_last;

	ps_lock(&table_lock);
	leases_drop(lease);
	is_last = !lease->holders;
	ps_unlock(&table_lock);
	/* From here on the lease may be gone, or shared again. */
	if (is_last)
		(void)keeper_call(reap_on_keeper, NULL);
}

void lease_get(struct lease *lease)
{
	ps_lock(&table_lock);
	leases_hold(lease);
	ps_unlock(&table_lock);
}

static int is_held_on_keeper(void *arg)
{
	return lease_check(arg) ? 0 : EAGAIN;
}

bool lease_is_held(struct lease *lease)
{
	return keeper_call(is_held_on_keeper, lease) == 0;
}

const struct lease *lease_find(dev_t dev, ino_t ino)
{
	return leases_find(dev, ino);
}

bool lease_is_held_locked(const struct lease *lease)
{
	return lease->state == LEASE_HELD;
}

void lease_barrier_enter(struct lease_barrier *barrier)
{
	ps_lock(&table_lock);
	LIST_INSERT_HEAD(&barriers, barrier, link);
	ps_unlock(&table_lock);
}

void lease_barrier_leave(struct lease_barrier *barrier)
{
	ps_lock(&table_lock);
	LIST_REMOVE(barrier, link);
	ps_unlock(&table_lock);
}

bool lease_exists_blind(dev_t dev, ino_t ino)
{
	struct lease *lease;
	bool exists;

	ps_lock(&table_lock);
	lease = leases_find(dev, ino);
	exists = lease && !lease->backend->sees_own_operations;
	ps_unlock(&table_lock);
	return exists;
}

bool lease_exists_any_blind(void)
{
	return atomic_load(&n_blind);
}

int lease_open(const struct lease *lease, const struct backing *file, int flags,
	       int *ret_fd)
{
	return lease->backend->open(lease, file, flags, ret_fd);
}

void lease_drop_holder(struct lease *lease)
{
	leases_drop(lease);
}

bool lease_is_any(void)
{
	return atomic_load(&n_any);
}

uint64_t lease_n_taken(void)
{
	return atomic_load(&n_taken);
}

static void tell_release(const struct lease *lease, uint64_t released_at_ns)
{
	uint64_t ns = released_at_ns - lease->broken_at_ns;

	if (!lease->broken_at_ns) {
		log_debug("lease: %s: released", lease->path);
		return;
	}
	stats_add_revoke(ns, lease->break_time_ns);
	log_warn("breaker: %s: the %s lease was broken, because %s: %u memory region(s) revoked, lease released after %.1f ms",
		 lease->path, lease->backend->name,
		 lease->is_own_break ? "the program itself takes blocks of the file away" :
				       lease->backend->break_means,
		 lease->n_revoked, (double)ns / NSEC_PER_MSEC);
}

/* Whoever waits for an ordinary lease goes on when that time is over. */
static void tell_expiry(const struct lease *lease)
{
	if (lease->broken_at_ns && !lease->backend->sees_own_operations)
		log_error("lease: %s: it was not released within lease-break-time, so the kernel had taken it away: WHAT DEVICES WROTE SINCE THEN MAY BE LOST",
			lease->path);
}

/*
 * 0; EAGAIN: the kernel has removed it, so that nothing is left to do; or the
 * errno of F_UNLCK, which takes the same rights as F_SETLEASE (EACCES).
 */
static int unlock(const struct lease *lease)
{
	if (!sys_fcntl(lease->fd.fd, F_SETLEASE, F_UNLCK))
		return 0;
	return errno;
}

/*
 * A lease goes with the last descriptor of its open file description, whoever
 * closes that (fs/locks.c:locks_remove_lease).  Ours is the only one but of a
 * write lease, which is on the description that the program has mapped.
 */
static bool goes_with_descriptor(const struct lease *lease)
{
	return lease->type != F_WRLCK;
}

static void tell_kept(const struct lease *lease, int r)
{
	log_error("lease: %s: %u memory region(s) revoked, but the lease CANNOT BE RELEASED: %s; whoever opens the file waits for all of lease-break-time, until the program unmaps and closes it; register after privileges were dropped and files given away, or keep CAP_LEASE",
		  lease->path, lease->n_revoked,
		  r == EACCES ? "the process is not the owner of the file any more, nor has it CAP_LEASE" :
				strerror(r));
}

static void release(struct lease *lease)
{
	uint64_t now_ns = clock_now_ns();
	int r = unlock(lease);

	keeper_close(&lease->fd);
	atomic_fetch_sub(&n_any, 1);
	stats_add(leases, -1);
	count_blind(lease, -1);
	if (r == EAGAIN || lease->is_gone)
		tell_expiry(lease);
	if (r && r != EAGAIN && !lease->is_gone && !goes_with_descriptor(lease))
		tell_kept(lease, r);
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

	do {
		ps_lock(&table_lock);
		lease = leases_first_unused();
		if (lease)
			leases_remove(lease);
		ps_unlock(&table_lock);
		if (lease)
			release(lease);
	} while (lease);
	return leases_next_broken(NULL);
}

void lease_forget(void)
{
	leases_forget(lease_free);
	atomic_store(&n_blind, 0);
	atomic_store(&n_any, 0);
	LIST_INIT(&barriers);
}
