/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/cause.h"
#include "base/lock.h"
#include "keeper.h"
#include "memory/backing.h"
#include "policy/config.h"

struct lease;
struct mr_hold;

/* A way to be told by the kernel before a file loses blocks */
struct lease_backend {
	const char *name;
	/* What the kernel says with a break, for the log */
	const char *break_means;
	/*
	 * Is it on an open file description of the program, by a descriptor of
	 * which it is to be had?  It does not see what the program does by that:
	 * own_operation.c.
	 */
	bool is_blind;
	/*
	 * Take the lease, armed; fills in @lease->fd and @lease->type.  If
	 * keeper_take() has a descriptor, it is of the file, or was.
	 * EAGAIN: somebody waits for the last lease to go, or has the file
	 * open; try again soon.  EOPNOTSUPP: the kernel has no such leases for
	 * the file; ENOLCK: they are turned off; EBUSY: somebody has an
	 * ordinary lease on the file; ENOENT: no descriptor of the file is to
	 * be had; other errors are final, too.  Where an errno does not tell
	 * it all the cause is recorded.
	 */
	int (*take)(struct lease *lease, const struct backing *file,
		    struct cause *cause);
	/*
	 * NULL: take() does all of it.  Else it only opens and arms, and set()
	 * has the lease granted: 0 or the errno of the kernel.  For a file with
	 * a page cache that may wait for who has the file locked; so it is done
	 * aside of the keeper, which settle()s what came of it.
	 */
	int (*set)(struct lease *lease, const struct backing *file);
	int (*settle)(struct lease *lease, int error, struct cause *cause);
	/*
	 * A descriptor of the file for the caller to close, opened in a way
	 * that does not break the lease.
	 */
	int (*open)(const struct lease *lease, const struct backing *file,
		    int flags, int *ret_fd);
};

extern const struct lease_backend lease_layout, lease_ordinary;

/*
 * Is a layout lease to be had for files with a page cache, or memory, on this
 * file system?  As far as can be told without such a file.  Any thread
 */
bool lease_layout_works_on(unsigned long fs_magic);

/*
 * Does the file system, by its number in statfs(2), see to it that ordinary
 * leases are broken?  Network, FUSE and overlay file systems grant leases that
 * know nothing of what happens to the file elsewhere.
 */
bool lease_ordinary_works_on(unsigned long fs_magic);
/*
 * Is the open file description of @fd, which may be written to, the only one of
 * its file?  False also if that cannot be told.  For the keeper's thread.
 */
bool lease_ordinary_is_sole(int fd);

/*
 * Does whoever reads and writes by the description that has an ordinary lease of
 * this type pass the page cache by (O_DIRECT)?  Then no such lease is a guard.
 */
bool lease_is_beside_pages(int fd, int type);

enum lease_state { LEASE_HELD, LEASE_BREAKING };

/*
 * The lease on a file.  There is one for each file in the process; it lives as
 * long as it has holders: memory regions and registrations in flight.
 */
struct lease {
	/* For lease_table.c */
	LIST_ENTRY(lease) by_file, by_signal;
	TAILQ_ENTRY(lease) link;	/* of all */
	TAILQ_ENTRY(lease) broken_link;
	LIST_ENTRY(lease) unused_link PS_GUARDED_BY(table_lock);

	/* Changed by the keeper only, under table_lock */
	enum lease_state state PS_GUARDED_BY(table_lock);
	unsigned int holders PS_GUARDED_BY(table_lock);
	/* Of its memory regions, see track_list.h; changed by all threads */
	LIST_HEAD(, mr_hold) mrs PS_GUARDED_BY(table_lock);

	/* See lease_blocks.c; empty if both are 0 */
	uint64_t blocks_from PS_GUARDED_BY(table_lock);
	uint64_t blocks_to PS_GUARDED_BY(table_lock);
	/* Kept in guard_alias_kept.c, perhaps */
	bool has_aliases PS_GUARDED_BY(table_lock);

	/* Constant */
	const struct lease_backend *backend;
	struct policy policy;
	dev_t dev;
	ino_t ino;
	char *path;		/* owned */

	/* Of the keeper's thread */
	struct keeper_fd fd;	/* the lease is on its open file description */
	int signal_fd;		/* its number when the lease was taken */
	int type;		/* F_GETLEASE while it is held */
	/*
	 * Constant once it is taken: the kernel itself makes dirty what devices
	 * write (F_LAYOUT_WRITE), whoever has it written back.
	 */
	bool keeps_writes;
	/* Others may read these three under table_lock while it is BREAKING. */
	uint64_t broken_at_ns;	/* CLOCK_MONOTONIC; 0: it is not */
	uint64_t break_time_ns;	/* lease-break-time then; 0: for ever */
	uint64_t last_call_ns;	/* when nothing may be waited for any more */
	uint64_t max_grace_ns;	/* of a break, for all memory regions */
	bool is_taken_again;	/* signal_fd is not known: -1 */
	bool is_gone;		/* the kernel took it away, or it was given up */
	const char *why_broken;	/* by the program itself, or NULL */
	bool is_given_up;	/* by whoever has its description, not by us */
	uint64_t held_at_ns;	/* when it was seen to be held, the last time */
	unsigned int n_revoked;
	bool is_told;		/* revoke.c: who wanted to know of the break */
	bool has_failed;	/* to revoke an MR; said once */
};

/*
 * For threads of the program, inside a section.
 *
 * lease_take() returns 0 and a lease with one more holder; EAGAIN while the
 * last lease on the file is being broken or the program takes blocks away by
 * itself, so that the caller can try again; else what take() of the backend
 * returns, ENOMEM, or an errno of keeper_call().
 */
int lease_take(const struct lease_backend *backend, const struct backing *file,
	       struct cause *cause, struct lease **ret_lease);
/* The lease on the file, with one more holder, if it is there for new ones */
struct lease *lease_get_held(dev_t dev, ino_t ino);
void lease_put(struct lease *lease);
/* One more holder, also of a lease that is being broken; the caller is one. */
void lease_get(struct lease *lease);

/* Asks the kernel, too; a break may not have been noticed yet. */
bool lease_is_held(struct lease *lease);

/*
 * These bytes of the file were seen to have blocks, by write faults, with the
 * lease; do all of these?  They do as long as it is not broken; false also if
 * that is not known.
 */
void lease_note_blocks(struct lease *lease, uint64_t from, uint64_t to);
bool lease_has_blocks(const struct lease *lease, uint64_t from, uint64_t to);

/* What the table knows; NULL: there is no lease on the file */
struct lease *lease_find(dev_t dev, ino_t ino) PS_REQUIRES(table_lock);
bool lease_are_held(struct lease *const *some, size_t n)
	PS_REQUIRES(table_lock);
/* Of some that the caller holds; NULL: it is none of them. */
static inline struct lease *lease_of_file(struct lease *const *some, size_t n,
					  const struct backing *file)
{
	for (; n; n--, some++)
		if ((*some)->dev == file->dev && (*some)->ino == file->ino)
			return *some;
	return NULL;
}

/*
 * When it is high time that @some leases go: 3/4 of lease-break-time after the
 * first break.  UINT64_MAX: none is being broken, or there is no such time.
 */
uint64_t lease_last_call_ns(struct lease *const *some, size_t n);

/* Is there a lease on the file that is blind? */
bool lease_exists_blind(dev_t dev, ino_t ino);

/*
 * Is there a lease of any kind, or one being taken or given back?  And how many
 * have ever begun to be taken.  Any thread, without locks.
 */
bool lease_is_any(void);
uint64_t lease_n_taken(void);

/* For the keeper's thread. */

/*
 * Wait until a lease is broken, another thread wants something, or the time is
 * over.  Notices breaks and expiry, HELD becomes BREAKING, and costs nothing for
 * the leases to which nothing happens.
 */
void lease_wait(uint64_t timeout_ns);
/* Notice breaks and expiry by a look at all leases. */
void lease_scan(void);
/* The same for one; returns whether it is held. */
bool lease_check(struct lease *lease);
/* The same for a break by the program itself; says how many leases it broke. */
unsigned int lease_break_blind(dev_t dev, ino_t ino);
/* Until when an MR with @grace_ns may live once the lease is broken */
uint64_t lease_deadline_ns(const struct lease *lease, uint64_t grace_ns);
/* True once: the kernel has taken the lease away, and does not wait for us. */
bool lease_is_lost(struct lease *lease);
/* The break was waited out: BREAKING becomes HELD, if the kernel agrees. */
bool lease_hold_again(struct lease *lease);
/*
 * The next lease that is being broken after @lease (NULL: the first), or NULL;
 * in the order of the breaks
 */
struct lease *lease_next_broken(const struct lease *lease);
/* What else goes when a lease does: @fn is called before it is closed. */
void lease_set_gone(void (*fn)(struct lease *lease));
/* One holder less, and was it the last?  The lease stays until lease_reap(). */
bool lease_drop_holder(struct lease *lease) PS_REQUIRES(table_lock);
/* Release @lease if it has no holders.  Returns whether it has not. */
bool lease_reap_one(struct lease *lease);
/* The same for all leases.  Returns whether a broken one is left. */
bool lease_reap(void);

/* For fork.h, in the child: forget all leases without touching them. */
void lease_forget(void) PS_REQUIRES(table_lock);
