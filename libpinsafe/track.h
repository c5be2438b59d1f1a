/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/export.h"
#include "base/lock.h"
#include "memory/redirty.h"
#include "policy/options.h"

struct event_source;
struct lease;

enum mr_state {
	MR_ALIVE,
	MR_REVOKING,		/* the keeper is destroying the kernel's MR */
	MR_ZOMBIE,		/* the kernel's MR is gone, the program's is not */
	MR_DEREGISTERING,	/* the program is destroying its MR */
	MR_REREGISTERING,	/* the program is moving it to other memory */
};

/* What it takes to register a memory region again */
struct mr_params {
	struct ibv_pd *pd;
	void *addr;
	size_t length;
	uint64_t iova;
	int access;
	/* Without what is only of that moment: fd, source, timeout_ms and check */
	struct reg_options options;
};

/* What few memory regions need, see track_params.c */
struct mr_more;

/* A memory region in the list of a lease, or of those that are on demand */
struct mr_hold {
	LIST_ENTRY(mr_hold) link;
	struct guarded_mr *gmr;
};

/* A memory region over guarded memory */
struct guarded_mr {
	struct guarded_mr *next_in_bucket PS_GUARDED_BY(table_lock);
	struct guarded_mr *next;	/* of those claimed or detached with it */
	uint64_t claimed_in;		/* round of the last track_claim_*() */
	struct ibv_mr *mr;		/* the provider's */
	struct ibv_context *context;
	struct ibv_pd *pd;		/* NULL: entered only to be revoked */
	struct mr_more *more;		/* owned, or NULL */
	struct lease **leases;		/* of each this is a holder while ALIVE */
	int access;
	uint32_t grace_ms;		/* after a break */
	unsigned int n_leases, n_ranges;
	enum mr_state state : 8 PS_GUARDED_BY(table_lock);
	bool kernel_mr_gone PS_GUARDED_BY(table_lock);
	bool is_freed PS_GUARDED_BY(table_lock); /* by the provider, any moment */
	bool is_listed PS_GUARDED_BY(table_lock); /* its holds are */
	bool is_written;		/* by the device, if it is allowed to */
	bool is_on_demand;		/* nothing is pinned, and no lease held */
	uint8_t n_keys;			/* room to retire them; 0 once it is used */
	/* Behind the ranges there are holds, and behind these the leases. */
	struct mr_range ranges[];
};

static inline bool track_holds(const struct guarded_mr *gmr,
			       const struct lease *lease)
{
	size_t i;

	for (i = 0; i < gmr->n_leases; i++)
		if (gmr->leases[i] == lease)
			return true;
	return false;
}

/*
 * Whom to tell of it.  The reference is the entry's from now on, also on failure;
 * 0 or ENOMEM
 */
int track_set_source(struct guarded_mr *gmr, struct event_source *source);
/*
 * And then what it was registered with, of which addr, length and iova are often
 * those of its only range.  0; or ENOMEM, but not once track_set_source() was 0
 */
int track_set_params(struct guarded_mr *gmr, const struct mr_params *params);
/* False: nobody knows. */
bool track_params(const struct guarded_mr *gmr, struct mr_params *ret_params);
struct event_source *track_source(const struct guarded_mr *gmr);
void track_free_params(struct guarded_mr *gmr);

/* For track_add(), with so many ranges and leases; NULL: out of memory */
struct guarded_mr *track_alloc(size_t max_ranges);
/* One that is not entered, or not any more */
void track_free(struct guarded_mr *gmr);

/*
 * Enter @gmr as ALIVE, if all its leases are still held.
 * 0, or EAGAIN and it is not entered.
 */
int track_add(struct guarded_mr *gmr);
/* The same whatever became of the leases: the keeper revokes it, then. */
void track_add_orphan(struct guarded_mr *gmr);

/*
 * False: @mr, which is the program's and which no other thread registers or
 * destroys just now, is not guarded.  True: it may be.  Without a lock.
 */
bool track_may_have(const struct ibv_mr *mr);

/*
 * The program destroys @mr.  Waits until the keeper has finished with it.
 *
 * 0 and the entry, now DEREGISTERING, that the caller gives to track_remove()
 * or track_keep(); ENOENT if it is not guarded; EINVAL if another thread has
 * just destroyed it.
 */
int track_begin_dereg(struct ibv_mr *mr, struct guarded_mr **ret_gmr);
/*
 * The same when it moves @mr: REREGISTERING, and track_replace() is another end
 * to that.  ESTALE: it is a zombie.  With ENOENT others that move it wait until
 * track_end_unguarded(@move), which is on the caller's stack.
 */
struct track_move {
	LIST_ENTRY(track_move) link;
	const struct ibv_mr *mr;
};
int track_begin_rereg(struct ibv_mr *mr, struct track_move *move,
		      struct guarded_mr **ret_gmr);
void track_end_unguarded(struct track_move *move);
/* It stays what it was. */
void track_keep(struct guarded_mr *gmr);
/*
 * Enter @new, of the same ibv_mr, in place of @old, which is the caller's then;
 * NULL: it was not guarded.  As track_add_orphan()
 */
void track_replace(struct guarded_mr *old, struct guarded_mr *new);
/*
 * The same before the provider is asked: what it guards, and that devices may write
 * there, is known before they can.  It stays REREGISTERING, until track_end_move()
 * says what it has become, or track_replace() or track_remove() end it.
 */
void track_begin_move(struct guarded_mr *old, struct guarded_mr *gmr);
void track_end_move(struct guarded_mr *gmr, struct ibv_pd *pd, int access);
/*
 * For track_begin_move(): what guards both, else as @old was registered; it holds
 * each lease once.  NULL: out of memory
 */
struct guarded_mr *track_join(const struct guarded_mr *old,
			      const struct guarded_mr *new);
/* What is over the memory of @of, too: its ranges and leases, each once */
void track_join_guards(struct guarded_mr *gmr, const struct guarded_mr *of);
/* It is entered, so put the leases that both @old and @new held. */
void track_join_put(const struct guarded_mr *old, const struct guarded_mr *new);
/* Returns how many of gmr->leases the caller has to put.  @gmr is his now. */
size_t track_remove(struct guarded_mr *gmr);

/*
 * The provider is about to destroy the kernel's side of @mr.  True, once, if
 * @mr is a zombie: its handle is stale and may name another object by now.
 */
bool track_swallow_dereg(const struct ibv_mr *mr);
/* The kernel's side is gone, and the provider frees @mr next. */
void track_freeing(const struct ibv_mr *mr);

/* Once no thread moves it; until then the keeper would leave it alone. */
bool track_has(struct ibv_mr *mr);
/* Has the device had pinned memory to write to until now? */
bool track_is_written(struct guarded_mr *gmr);

/*
 * The keeper claims MRs, ALIVE becomes REVOKING, each once in a @round: those that
 * have @lease and whose time of grace is over; those of @context, NULL standing for
 * any; @mr; those on demand that have an address from @start to @end.  They are
 * linked by next; NULL if there is none.
 */
struct guarded_mr *track_claim_lease(const struct lease *lease, uint64_t round);
struct guarded_mr *track_claim_context(const struct ibv_context *context,
				       uint64_t round);
struct guarded_mr *track_claim_mr(const struct ibv_mr *mr, uint64_t round);
struct guarded_mr *track_claim_on_demand(uintptr_t start, uintptr_t end,
					 uint64_t round);

/* For each memory region that is ALIVE and has @lease, under table_lock */
void track_visit(const struct lease *lease,
		 void (*fn)(struct guarded_mr *gmr, void *arg), void *arg);

/*
 * What @mr was registered with, and a reference to its source of events.  0;
 * EINVAL if it is not guarded, or not in @state (ALIVE or ZOMBIE), or if nobody
 * knows: it was entered only to be revoked.
 */
int track_get_params(const struct ibv_mr *mr, enum mr_state state,
		     struct mr_params *ret_params,
		     struct event_source **ret_source);

/* Which memory the device may have written to */
struct track_query {
	bool any_file;		/* else the file of dev and ino */
	bool any_inode;		/* or those of dev */
	dev_t dev;
	ino_t ino;
	uintptr_t start, end;	/* and from start to end */
};

/*
 * Off: there has never been any memory that devices may have written to, so the two
 * below need not be asked.
 */
extern PINSAFE_EXPORT atomic_bool pinsafe_private_is_written;
/*
 * False: there is none of it between these addresses that was registered before.
 * Without a lock
 */
bool track_may_be_written(uintptr_t start, uintptr_t end);
/* The same of a file */
bool track_may_be_written_file(dev_t dev, ino_t ino);

/*
 * The written ranges of memory regions that are alive, on demand ones left out,
 * cut to what was asked for.  The caller frees *@ret_ranges.  0, or ENOMEM.
 */
int track_find_written(const struct track_query *query,
		       struct mr_range **ret_ranges, size_t *ret_n);

/*
 * The same of those that were claimed together, or, if @only_new, of those that
 * are so for the first time.  0, or ENOMEM
 */
int track_claimed_written(struct guarded_mr *claimed, bool only_new,
			  struct mr_range **ret_ranges, size_t *ret_n);

/*
 * There is a lease on the file, and its holders are memory regions that are alive
 * and that no device writes to.
 */
bool track_is_only_read(dev_t dev, ino_t ino);

/*
 * The keeper is done with @gmr: it becomes a ZOMBIE and holds no lease any more,
 * or ALIVE again if @is_revoked is false.  A zombie must not be used any more:
 * the program may destroy it at once.
 */
void track_claim_done(struct guarded_mr *gmr, bool is_revoked);

/*
 * For the keeper: @context is about to be closed, forget its MRs.  Returns
 * those that are alive, linked by next: they go with the context, and
 * until then they need their leases.
 */
struct guarded_mr *track_detach_context(const struct ibv_context *context);

/* For fork.h, in the child: all memory regions are gone. */
void track_make_zombies(void) PS_REQUIRES(table_lock);
