// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * How guarded memory regions end: by ibv_dereg_mr(), and with their context.
 * The kernel's MR goes first and the leases last.
 */
#include <errno.h>

#include "breaker.h"
#include "guard.h"
#include "keeper.h"
#include "lease.h"
#include "redirty.h"
#include "refusal.h"
#include "retired.h"
#include "track.h"

/*
 * The new memory would have to be guarded before the old one is let go.  Until
 * that is possible both are refused.
 */
static int check_rereg(struct ibv_mr *mr, int flags, void *addr, size_t length)
{
	struct mapping mapping;
	int r;

	if (track_has(mr))
		return refusal_rereg_guarded(mr->lkey);
	if (!(flags & IBV_REREG_MR_CHANGE_TRANSLATION))
		return 0;
	r = guard_classify(addr, length, &mapping);
	if (r)
		return r;
	if (mapping.n_parts)
		r = refusal_rereg(&mapping.parts[0]);
	mapping_put(&mapping);
	return r;
}

static int revoke_on_keeper(void *arg)
{
	return breaker_revoke_mr(arg);
}

/* As an MR without leases that is revoked at once; the program still has it. */
static int revoke_now(struct ibv_mr *mr)
{
	struct guarded_mr *gmr = track_alloc(1);

	if (!gmr)
		return ENOMEM;
	gmr->mr = mr;
	gmr->context = mr->context;
	track_add_orphan(gmr);
	return keeper_call(revoke_on_keeper, mr);
}

/* The provider may give a memory region other keys. */
static int check_keys(struct ibv_mr *mr)
{
	struct section section;

	if (!retired_has_key_of(mr))
		return 0;
	section_enter(&section);
	if (revoke_now(mr))
		refusal_stuck(mr->lkey);
	errno = refusal_rereg_retired(mr->lkey);
	section_leave(&section);
	return IBV_REREG_MR_ERR_CMD;
}

int guard_rereg_mr(const struct real_verbs *real, struct ibv_mr *mr, int flags,
		   struct ibv_pd *pd, void *addr, size_t length, int access)
{
	struct section section;
	int r;

	section_enter(&section);
	r = check_rereg(mr, flags, addr, length);
	section_leave(&section);
	if (r) {
		errno = r;
		return IBV_REREG_MR_ERR_INPUT;
	}
	r = real->rereg_mr(mr, flags, pd, addr, length, access);
	return r ? r : check_keys(mr);
}

static int dereg_guarded(const struct real_verbs *real, struct guarded_mr *gmr)
{
	size_t n_leases;
	int r;

	if (track_is_written(gmr))
		redirty(gmr->ranges, gmr->n_ranges, UINT64_MAX);
	/* For a zombie verbs_wrap.c keeps this from reaching the kernel. */
	r = real->dereg_mr(gmr->mr);
	if (r) {
		track_dereg_failed(gmr);
		return r;
	}
	n_leases = track_remove(gmr);
	guard_put_leases(gmr, n_leases);
	track_free(gmr);
	return 0;
}

int guard_dereg_mr(const struct real_verbs *real, struct ibv_mr *mr)
{
	struct guarded_mr *gmr = NULL;
	struct section section;
	bool is_guarded;
	int r;

	section_enter(&section);
	r = track_begin_dereg(mr, &gmr);
	is_guarded = r != ENOENT;
	if (!r)
		r = dereg_guarded(real, gmr);
	section_leave(&section);
	return is_guarded ? r : real->dereg_mr(mr);
}

struct close_args {
	struct ibv_context *context;
	struct guarded_mr *alive;
};

static int close_on_keeper(void *arg)
{
	struct close_args *args = arg;

	breaker_revoke_context(args->context);
	args->alive = track_detach_context(args->context);
	keeper_drop(args->context->cmd_fd);
	return 0;
}

/* Here the memory regions go first, then the context, and leases last. */
void guard_free_context(const struct real_verbs *real,
			struct ibv_context *context)
{
	struct close_args args = { .context = context };
	struct guarded_mr *gmr;
	struct section section;

	section_enter(&section);
	if (real_verbs_is_adopted(context))
		(void)keeper_call(close_on_keeper, &args);
	real_verbs_remove(context);
	retired_forget(context);
	real->free_context(context);
	while ((gmr = args.alive)) {
		args.alive = gmr->next_detached;
		guard_put_leases(gmr, gmr->n_leases);
		track_free(gmr);
	}
	section_leave(&section);
}
