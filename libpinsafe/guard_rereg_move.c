// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The line that ibv_rereg_mr() goes down:
 *
 *   (guard_lease.c) lease -> prefault -> claim -> enter both -> rereg -> settle
 *
 * The new memory has its guard before the provider is asked, and is known for
 * what devices may write to; and the old one until the provider has agreed.  If
 * that fails, ibv_rereg_mr(3) leaves open which memory the memory region is over:
 * it keeps both guards, then, until it is deregistered or revoked.  What is
 * changed in place keeps what it had, too: the device may still have the pages
 * that were pinned at first.
 */
#include <errno.h>
#include <stddef.h>

#include "base/stats.h"
#include "device.h"
#include "guard.h"
#include "lease.h"
#include "refusal/refusal.h"
#include "rereg.h"
#include "retired.h"

static struct rereg *rereg_of(struct registration *reg)
{
	return (struct rereg *)((char *)reg - offsetof(struct rereg, reg));
}

/*
 * 0 and what guards the memory region until now, or NULL, and @unguarded is to
 * be ended; else the errno for the program, explained.
 */
static int claim(const struct rereg *rereg, struct track_move *unguarded,
		 struct guarded_mr **ret_old)
{
	struct guarded_mr *old = NULL;
	int r = track_begin_rereg(rereg->reg.mr, unguarded, &old);

	if (r && r != ENOENT)
		return refusal_rereg(rereg->reg.mr->lkey, "it was revoked");
	if (!r && old->is_on_demand) {
		track_keep(old);
		return refusal_rereg(rereg->reg.mr->lkey,
				     "it is with on-demand paging");
	}
	*ret_old = old;
	return 0;
}

/* Nobody waits for the leases of @both, NULL: none, longer than he has to. */
static void ask_provider(struct rereg *rereg, struct guarded_mr *both)
{
	struct ibv_mr *mr = rereg->reg.mr;
	uint32_t lkey = mr->lkey, rkey = mr->rkey;

	if (both && rereg_is_moved(rereg))
		guard_redirty(both);
	rereg->had_leases = stats_get(leases);
	errno = 0;
	rereg->result = rereg->reg.real->rereg_mr(mr, rereg->flags, rereg->pd,
						  rereg->addr, rereg->length,
						  rereg->access);
	rereg->error = errno;
	/* Its own keys are retired, too, if a revoke of it has failed. */
	rereg->has_retired_key = !rereg->result &&
				 (mr->lkey != lkey || mr->rkey != rkey) &&
				 retired_has_key_of(mr);
}

/* It was over guarded memory; @both is entered. */
static void settle_old(struct rereg *rereg, struct guarded_mr *old,
		       struct guarded_mr *both, struct guarded_mr *new)
{
	const struct guarded_mr *is = rereg->result ? old : new;

	if (rereg->result || !rereg_is_moved(rereg)) {
		track_end_move(both, is->pd, is->access);
		track_join_put(old, new);
		track_free(new);
		rereg->is_tracked = true;
	} else {
		if (rereg->has_guard)
			track_replace(both, new);
		else
			(void)track_remove(both);
		guard_put_leases(old, old->n_leases);
		track_free(both);
		if (!rereg->has_guard)
			track_free(new);
	}
	track_free(old);
}

/* NULL: out of memory */
static struct guarded_mr *join(const struct registration *reg,
			       const struct guarded_mr *old)
{
	struct guarded_mr *both = track_join(old, reg->gmr);

	/* Its events may be about the new files, too. */
	if (both && guard_describe_files(reg, track_source(both))) {
		track_free(both);
		both = NULL;
	}
	return both;
}

/*
 * The only step that cannot be undone.  reg->gmr is described; it has no ranges
 * if the new memory has no guard.  0 when the program has its answer; ENOMEM,
 * explained
 */
static int move(struct rereg *rereg)
{
	struct registration *reg = &rereg->reg;
	struct guarded_mr *old = NULL, *both = NULL;
	struct track_move unguarded;
	int r = claim(rereg, &unguarded, &old);

	if (r) {
		guard_undo_lease(reg);
		rereg_fail(rereg, IBV_REREG_MR_ERR_INPUT, r);
		return 0;
	}
	if (old) {
		both = join(reg, old);
		if (!both) {
			track_keep(old);
			guard_undo_lease(reg);
			return refusal_no_memory(reg->addr);
		}
	}

	rereg->has_guard = rereg->is_tracked = reg->gmr->n_ranges;
	if (old || rereg->has_guard)
		track_begin_move(old, both ?: reg->gmr);
	ask_provider(rereg, both);
	if (old)
		settle_old(rereg, old, both, reg->gmr);
	else if (rereg->has_guard)
		track_end_move(reg->gmr, reg->pd, reg->access);
	else
		track_free(reg->gmr);
	if (!old)
		track_end_unguarded(&unguarded);
	reg->gmr = NULL;
	return 0;
}

static int move_guarded(struct registration *reg)
{
	struct rereg *rereg = rereg_of(reg);
	int r;

	if (!rereg->was_guarded && !(rereg->flags & IBV_REREG_MR_CHANGE_ACCESS))
		return refusal_plain(&reg->mapping.parts[0],
				     CAUSE_REREG_ACCESS);
	r = guard_lease(reg);
	if (r)
		return r;
	guard_describe(reg, reg->gmr, reg->mr);
	r = device_prove(reg->mr, &reg->cause);
	if (r)
		r = refusal_adopt(&reg->mapping.parts[0], &reg->cause, r);
	else
		r = guard_describe_options(reg);
	/* The provider would fail, which is nothing to try again. */
	if (!r && !guard_leases_are_held(reg)) {
		reg->cause.kind = CAUSE_BREAK;
		r = EAGAIN;
	}
	if (r) {
		guard_undo_lease(reg);
		return r;
	}
	return move(rereg);
}

static int move_unguarded(struct registration *reg)
{
	SECTION(section);

	reg->gmr = track_alloc(0);
	if (!reg->gmr)
		return refusal_no_memory(reg->addr);
	guard_describe(reg, reg->gmr, reg->mr);
	return move(rereg_of(reg));
}

const struct registrar guard_moved_mr = {
	.guarded = move_guarded,
	.unguarded = move_unguarded,
};
