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
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lease.h"
#include "log.h"
#include "stats.h"

static LIST_HEAD(, lease) leases = LIST_HEAD_INITIALIZER(leases);

struct take_args {
	const struct lease_backend *backend;
	const struct backing *file;
	struct lease *lease;
};

static struct lease *find(const struct backing *file) PS_REQUIRES(table_lock)
{
	struct lease *lease;

	LIST_FOREACH(lease, &leases, link)
		if (lease->dev == file->dev && lease->ino == file->ino)
			return lease;
	return NULL;
}

/* ENOENT: there is none. */
static int share(const struct backing *file, struct lease **ret_lease)
{
	struct lease *lease;
	int r = ENOENT;

	ps_lock(&table_lock);
	lease = find(file);
	if (lease) {
		r = lease->state == LEASE_HELD ? 0 : EAGAIN;
		if (!r) {
			lease->holders++;
			*ret_lease = lease;
		}
	}
	ps_unlock(&table_lock);
	return r;
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
	lease->path = strdup(file->path);
	r = lease->path ? lease->backend->take(lease, file) : ENOMEM;
	if (r) {
		lease_free(lease);
		return r;
	}
	log_debug("lease: %s: %s lease taken", lease->path,
		  lease->backend->name);

	ps_lock(&table_lock);
	lease->state = LEASE_HELD;
	lease->holders = 1;
	LIST_INSERT_HEAD(&leases, lease, link);
	ps_unlock(&table_lock);
	stats_add(leases, 1);
	args->lease = lease;
	return 0;
}

int lease_take(const struct lease_backend *backend, const struct backing *file,
	       struct lease **ret_lease)
{
	struct take_args args = { .backend = backend, .file = file };
	int r;

	r = share(file, ret_lease);
	if (r != ENOENT)
		return r;
	r = keeper_call(take_on_keeper, &args);
	if (!r)
		*ret_lease = args.lease;
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
	is_last = --lease->holders == 0;
	ps_unlock(&table_lock);
	/* From here on the lease may be gone, or shared again. */
	if (is_last)
		(void)keeper_call(reap_on_keeper, NULL);
}

static int is_held_on_keeper(void *arg)
{
	struct lease *lease = arg;

	return lease->backend->is_held(lease) ? 0 : EAGAIN;
}

bool lease_is_held(struct lease *lease)
{
	return keeper_call(is_held_on_keeper, lease) == 0;
}

bool lease_is_held_locked(const struct lease *lease)
{
	return lease->state == LEASE_HELD;
}

void lease_scan(void)
{
	struct lease *lease;

	LIST_FOREACH(lease, &leases, link) {
		/* Nobody else changes the state: no lock to read it. */
		if (lease->broken_at_ns || lease->backend->is_held(lease))
			continue;
		lease->broken_at_ns = clock_now_ns();
		ps_lock(&table_lock);
		lease->state = LEASE_BREAKING;
		ps_unlock(&table_lock);
		stats_add(breaks, 1);
		log_info("lease: %s: lease is being broken", lease->path);
	}
}

struct lease *lease_next_broken(struct lease *lease)
{
	lease = lease ? LIST_NEXT(lease, link) : LIST_FIRST(&leases);
	while (lease && !lease->broken_at_ns)
		lease = LIST_NEXT(lease, link);
	return lease;
}

void lease_drop_holder(struct lease *lease)
{
	ps_lock(&table_lock);
	lease->holders--;
	ps_unlock(&table_lock);
}

static void release(struct lease *lease)
{
	uint64_t ns;

	lease->backend->release(lease);
	stats_add(leases, -1);
	if (lease->broken_at_ns) {
		ns = clock_now_ns() - lease->broken_at_ns;
		stats_set(last_revoke_ns, ns);
		log_warn("breaker: %s: the lease was broken, because blocks of the file are to be removed: %u memory region(s) revoked, lease released after %.1f ms",
			 lease->path, lease->n_revoked,
			 (double)ns / NSEC_PER_MSEC);
	} else {
		log_debug("lease: %s: released", lease->path);
	}
	lease_free(lease);
}

bool lease_reap(void)
{
	struct lease *lease, *next;
	bool broken_left = false;

	for (lease = LIST_FIRST(&leases); lease; lease = next) {
		bool is_unused;

		next = LIST_NEXT(lease, link);
		ps_lock(&table_lock);
		is_unused = lease->holders == 0;
		if (is_unused)
			LIST_REMOVE(lease, link);
		ps_unlock(&table_lock);
		if (is_unused)
			release(lease);
		else if (lease->broken_at_ns)
			broken_left = true;
	}
	return broken_left;
}

void lease_forget(void)
{
	struct lease *lease;

	while ((lease = LIST_FIRST(&leases))) {
		LIST_REMOVE(lease, link);
		lease_free(lease);
	}
}
