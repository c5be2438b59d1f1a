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
#include <stdlib.h>
#include <string.h>

#include "aside.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"
#include "base/sys.h"
#include "keeper.h"
#include "lease.h"
#include "lease_barrier.h"
#include "lease_table.h"
#include "machine/lease_provider.h"

struct take_args {
	const struct lease_backend *backend;
	const struct backing *file;
	struct cause *cause;
	struct lease *lease;
	struct lease *begun;	/* that is to be set() aside */
	int error;		/* of that */
};

static bool is_barred(const struct lease_backend *backend,
		      const struct backing *file)
{
	return backend->is_blind && lease_is_barred(file->dev, file->ino);
}

/* ENOENT: there is none. */
static int share(const struct lease_backend *backend,
		 const struct backing *file, struct lease **ret_lease)
{
	struct lease *lease;
	int r = ENOENT;

	ps_lock(&table_lock);
	lease = lease_find(file->dev, file->ino);
	if (is_barred(lease ? lease->backend : backend, file)) {
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

struct lease *lease_get_held(dev_t dev, ino_t ino)
{
	const struct backing file = { .dev = dev, .ino = ino };
	struct lease *lease;

	return share(&lease_layout, &file, &lease) ? NULL : lease;
}

static struct lease *lease_new(const struct take_args *args)
{
	struct lease *lease = calloc(1, sizeof(*lease));

	if (!lease)
		return NULL;
	lease->backend = args->backend;
	lease->dev = args->file->dev;
	lease->ino = args->file->ino;
	lease->policy = config_policy(args->file->path);
	lease->path = strdup(args->file->path);
	if (!lease->path) {
		free(lease);
		return NULL;
	}
	lease_count_new(lease);
	return lease;
}

/* Whatever happened to it since it was granted shows at the next look. */
static int enter(struct take_args *args, struct lease *lease)
{
	int r = 0;

	log_debug("lease: %s: %s lease taken", lease->path,
		  lease->backend->name);
	/* For the break, when there may be no descriptor to read it with */
	(void)lease_break_time_s();
	lease->held_at_ns = clock_now_ns();

	ps_lock(&table_lock);
	if (is_barred(args->backend, args->file))
		r = EAGAIN;
	lease->state = LEASE_HELD;
	lease->holders = !r;
	lease->signal_fd = lease->is_taken_again ? -1 : lease->fd.fd;
	leases_insert(lease);
	ps_unlock(&table_lock);
	stats_add(leases, 1);
	if (r)
		lease_reap();
	else
		args->lease = lease;
	return r;
}

static int take_on_keeper(void *arg)
{
	struct take_args *args = arg;
	struct lease *lease;
	int r;

	/* Another thread's request may have come first. */
	r = share(args->backend, args->file, &args->lease);
	if (r != ENOENT)
		return r;
	lease = lease_new(args);
	if (!lease)
		return cause_call(args->cause, "malloc(3)", ENOMEM);
	r = lease->backend->take(lease, args->file, args->cause);
	if (!r && lease->backend->set) {
		if (args->file->has_page_cache) {
			args->begun = lease;
			return 0;
		}
		r = lease->backend->settle(
			lease, lease->backend->set(lease, args->file),
			args->cause);
	}
	if (r)
		lease_drop(lease);
	return r ?: enter(args, lease);
}

static int set_aside(void *arg)
{
	struct take_args *args = arg;

	return args->begun->backend->set(args->begun, args->file);
}

static int settle_on_keeper(void *arg)
{
	struct take_args *args = arg;
	struct lease *lease = args->begun;
	int r = lease->backend->settle(lease, args->error, args->cause);

	if (!r) {
		/* Another thread has taken one meanwhile, or bars them. */
		r = share(args->backend, args->file, &args->lease);
		if (r == ENOENT) {
			r = enter(args, lease);
			/* A signal of before was about nothing that is known. */
			if (!r)
				(void)lease_check(lease);
			return r;
		}
		keeper_close(&lease->fd);
	}
	lease_drop(lease);
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

	if (args->backend->is_blind) {
		fd = backing_find_descriptor(file);
	} else if (is_leased_by_program(file)) {
		args->cause->kind = CAUSE_OWN_LEASE;
		return EBUSY;
	}
	if (fd >= 0) {
		r = keeper_call_with(fd, take_on_keeper, args, args->cause);
	} else if ((!args->backend->is_blind || file->is_read_only) &&
		   !backing_open(file, O_PATH, &path_fd)) {
		r = keeper_call_with_path(path_fd, take_on_keeper, args,
					  args->cause);
		(void)sys_close(path_fd);
	}
	/* Nothing found, or another thread has closed it just now */
	return r == EBADF ? keeper_call(take_on_keeper, args) : r;
}

int lease_take(const struct lease_backend *backend, const struct backing *file,
	       struct cause *cause, struct lease **ret_lease)
{
	struct take_args args = { .backend = backend, .file = file,
				  .cause = cause };
	int r = share(backend, file, ret_lease);

	if (r == ENOENT) {
		r = ask_for(&args);
		/* The keeper must not wait for those who have the file locked. */
		if (!r && args.begun) {
			args.error = aside_call(set_aside, &args);
			r = keeper_call(settle_on_keeper, &args);
		}
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
	/* From then on the lease may be gone, or shared again. */
	if (PS_LOCKED(&table_lock, lease_drop_holder(lease)))
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

bool lease_are_held(struct lease *const *some, size_t n)
{
	while (n && some[n - 1]->state == LEASE_HELD)
		n--;
	return !n;
}

void lease_forget(void)
{
	leases_forget(lease_free);
	lease_count_none();
	lease_barrier_forget();
}
