/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_LEASE_H
#define PINSAFE_LEASE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "backing.h"
#include "keeper.h"
#include "lock.h"

struct lease;

/* A way to be told by the kernel before a file loses blocks */
struct lease_backend {
	const char *name;
	/*
	 * Open the file and take the lease, armed; fills in @lease->fd.
	 * EAGAIN: somebody waits for the last lease to go, try again soon.
	 * EOPNOTSUPP: the kernel has no such leases for the file; ENOLCK: they
	 * are turned off; EBUSY: somebody has an ordinary lease on the file;
	 * other errors are final, too.
	 */
	int (*take)(struct lease *lease, const struct backing *file);
	/* Is it still ours, with no break pending? */
	bool (*is_held)(const struct lease *lease);
	void (*release)(struct lease *lease);
};

extern const struct lease_backend lease_layout;

enum lease_state { LEASE_HELD, LEASE_BREAKING };

/*
 * The lease on a file.  There is one for each file in the process; it lives as
 * long as it has holders: memory regions and registrations in flight.
 */
struct lease {
	/* Changed by the keeper only, under table_lock */
	LIST_ENTRY(lease) link;
	enum lease_state state PS_GUARDED_BY(table_lock);
	unsigned int holders PS_GUARDED_BY(table_lock);

	/* Constant */
	const struct lease_backend *backend;
	dev_t dev;
	ino_t ino;
	char *path;		/* owned */

	/* Of the keeper's thread */
	struct keeper_fd fd;
	uint64_t broken_at_ns;	/* CLOCK_MONOTONIC */
	unsigned int n_revoked;
	bool has_failed;	/* to revoke an MR; said once */
};

/*
 * For threads of the program, inside a section.
 *
 * lease_take() returns 0 and a lease with one more holder; EAGAIN while the
 * last lease on the file is being broken, so that the caller can try again;
 * ENOENT if the file was not found; else an errno of open(2), fcntl(2) or
 * keeper_call().
 */
int lease_take(const struct lease_backend *backend, const struct backing *file,
	       struct lease **ret_lease);
void lease_put(struct lease *lease);

/* Asks the kernel, too; a break may not have been noticed yet. */
bool lease_is_held(struct lease *lease);

/* What the table knows */
bool lease_is_held_locked(const struct lease *lease) PS_REQUIRES(table_lock);

/* For the keeper's thread. */

/* Notice breaks and expiry: HELD becomes BREAKING. */
void lease_scan(void);
/* The next lease that is being broken after @lease (NULL: the first), or NULL */
struct lease *lease_next_broken(struct lease *lease);
/* One holder less; the lease stays until lease_reap(). */
void lease_drop_holder(struct lease *lease);
/* Release all leases without holders.  Returns whether a broken one is left. */
bool lease_reap(void);

/* fork.c, in the child: forget all leases without touching them. */
void lease_forget(void) PS_REQUIRES(table_lock);

#endif /* PINSAFE_LEASE_H */
