/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A registration in flight, of a new memory region (guard.c, guard_register.c) or
 * of one that is moved (guard_rereg.c, guard_rereg_move.c).
 */
#pragma once

#include <stdbool.h>

#include "base/cause.h"
#include "choice.h"
#include "hook/real_verbs.h"
#include "memory/mapping.h"
#include "retake.h"
#include "track.h"

struct registration;

/* How a memory region comes to be over memory, each 0 or an errno value */
struct registrar {
	/*
	 * Over memory that reg->choices guard by leases.  EAGAIN: a lease was
	 * or is being broken, or somebody has a file open that nobody may: try
	 * again from the start; EOPNOTSUPP or EFAULT with reg->unpinnable;
	 * another errno for the program, already explained.
	 */
	int (*guarded)(struct registration *reg);
	/* With reg->is_on_demand; NULL: there is no way, refuse */
	int (*on_demand)(struct registration *reg);
	/* Over memory that the policy leaves without a guard */
	int (*unguarded)(struct registration *reg);
};

struct registration {
	const struct registrar *registrar;
	const struct real_verbs *real;
	struct ibv_pd *pd;
	void *addr;
	size_t length;
	uint64_t iova;
	int access;
	bool is_written;		/* the device may write to the memory */
	const struct reg_options *options;	/* of the program, or NULL */

	struct mapping mapping;
	struct choice *choices;		/* owned; for each part of mapping */
	bool is_guarded;		/* at least one part is */
	bool is_on_demand;		/* all of it; else by leases */

	/* What went wrong: where EAGAIN came from, or NULL */
	const struct mapping_part *waits_for;
	/* What the kernel does not pin, for the caller to explain, or NULL */
	const struct mapping_part *unpinnable;
	struct cause cause;		/* of the last failure of a stage */
	bool is_final;			/* an errno that is not tried again */
	unsigned int n_odd;		/* odd answers of the kernel until now */
	struct retake retake;		/* for all of it, whatever it waits for */

	const struct section *section;	/* in which it is */
	/* Not to prefault what has blocks under the lease; and it was not done */
	bool may_trust_lease, has_trusted_lease;
	/*
	 * May it be taken for what it was before?  It is: then this is the lease,
	 * with a holder, that guards it.
	 */
	bool may_recall;
	struct lease *recalled;
	bool is_again;			/* this very range was registered before */
	bool was_recalled;		/* in vain, so nothing is trusted */
	struct guarded_mr *gmr;		/* owned until it is tracked */
	struct ibv_mr *mr;
};

/*
 * Classify, choose, and what the registrar does, until that does not say EAGAIN
 * or others have been waited for long enough.  0, or the errno for the program,
 * explained.  retake_forget() is for the caller in any case.
 */
int guard_registration(struct registration *reg);
void retake_forget(struct registration *reg);
/* @attempt again and again, until it does not say EAGAIN or that took too long */
int retake(struct registration *reg, int (*attempt)(struct registration *reg));
/*
 * True: it is registered as without us, and needs no guard.  False: nothing is
 * registered, and guard_registration() has to find out.
 */
bool guard_unneeded_first(struct registration *reg);
/* Count what has become of it, and say what there is to say. */
void guard_tell(const struct registration *reg, enum pinsafe_guard guard);
/* The weakest guard of a part of it */
enum pinsafe_guard guard_of(const struct registration *reg);

/* May the device write?  As ib_access_writable() of the kernel */
bool guard_is_written(int access);

/* 0 and whether files are mapped there by now, or an errno value */
int guard_look_for_files(const struct registration *reg, bool *ret_are_there);

/* Without a guard: 0 and reg->mr, or the errno of the provider. */
int guard_unneeded_unseen(struct registration *reg);
/*
 * The same for memory of no file; after a failure *@ret_is_replaced tells
 * whether there are files by now.
 */
int guard_unneeded(struct registration *reg, bool *ret_is_replaced);

/* Stages of that; inside a section. */

/*
 * True: it was registered before, or other memory of its mapping, and is taken to
 * be what that was until that is seen; then reg->recalled is there, and whoever
 * finds that it is not says EAGAIN, or another errno, and nothing to the user.
 */
bool guard_recall(struct registration *reg);
/* Is it worth to try that? */
bool guard_is_known(const struct registration *reg);
/* For that: what was just registered; and not to recall it any more */
void guard_note(const struct registration *reg);
void guard_unlearn(const struct registration *reg);

/*
 * Lease and prefault, 0 and reg->gmr with the leases, or as registrar->guarded;
 * nothing is left of it then, or after guard_undo_lease().
 */
int guard_lease(struct registration *reg);
void guard_undo_lease(struct registration *reg);
/* The second; after a failure of the provider, too, without may_trust_lease */
int guard_prefault(struct registration *reg);
/* In the file, in whole pages */
uint64_t guard_first_byte(const struct mapping_part *part);
uint64_t guard_end_byte(const struct mapping_part *part);
/* Asks the kernel */
bool guard_leases_are_held(const struct registration *reg);
/* Register, look again and track: registrar->guarded of new memory regions */
int guard_register_guarded(struct registration *reg);
/* Is all of the range in the parts that were found? */
bool guard_is_all_shared(const struct registration *reg);
/*
 * The same memory at an address that nobody else has, to be pinned from; or
 * reg->addr itself if that cannot be, in which case there is none.  EAGAIN: it is
 * not what was classified.
 */
struct guard_alias {
	void *addr;
	uintptr_t start, end; /* of what is mapped for it; empty: nothing */
	bool was_kept;	      /* guard_alias_kept.c had it */
};
int guard_alias_make(struct registration *reg, struct guard_alias *ret_alias);
/*
 * What is it of, and what has the program at its own address?  0: both are what
 * was classified; ESTALE: the alias is, but not all of the program's memory surely;
 * or there is no alias.  EAGAIN: the alias is of something else; or an errno of
 * reading the mappings.
 */
int guard_alias_look(const struct registration *reg,
		     const struct guard_alias *alias);
void guard_alias_drop(struct guard_alias *alias);
/* It has served: 0, and it may be kept for the next time, or an errno. */
void guard_alias_end(const struct registration *reg, struct guard_alias *alias,
		     int r);
/*
 * An alias that was kept of the memory from @start on, and is long enough; it is the
 * caller's alone until he gives it to guard_alias_kept_put() or
 * guard_alias_kept_drop().
 */
bool guard_alias_kept_take(uintptr_t start, size_t size,
			   const struct lease *lease,
			   struct guard_alias *ret_alias);
/*
 * Keep @alias, which was seen to be of the file, until @lease goes, of which the
 * caller is a holder.  False: there is no room, and it stays the caller's.
 */
bool guard_alias_kept_put(uintptr_t start, struct lease *lease,
			  const struct guard_alias *alias);
/* Unmap what was kept if it is still a mapping of the file. */
void guard_alias_kept_drop(const struct lease *lease,
			   const struct guard_alias *alias);

/* On the keeper's thread: @lease is about to go. */
void guard_alias_kept_release(struct lease *lease);
/* For fork.h, in the child, which has none of them */
void guard_alias_kept_forget(void);

/* What @gmr is to be told of @mr, which is one of the registration */
void guard_describe(const struct registration *reg, struct guarded_mr *gmr,
		    struct ibv_mr *mr);
/*
 * What reg->gmr is to be told of reg->options; ENOMEM: no room for what events
 * have to say
 */
int guard_describe_options(struct registration *reg);
/* The files of it, each once, for @source (NULL is fine); 0 or ENOMEM */
int guard_describe_files(const struct registration *reg,
			 struct event_source *source);
/* EAGAIN: somebody has replaced the mapping since it was classified. */
int guard_look_again(const struct registration *reg);
/*
 * The same after a failure, which has another cause then; false also if nobody
 * can tell
 */
bool guard_is_replaced(struct registration *reg);
