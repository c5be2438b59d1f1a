// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_rereg_mr(): a memory region is moved to other memory or changed in place.
 *
 *   find out what is asked for -> what a registration goes through (guard.c),
 *   with guard_rereg_move.c at the end of it -> look again
 */
#include <errno.h>

#include "base/probe.h"
#include "base/stats.h"
#include "device.h"
#include "event.h"
#include "guard.h"
#include "refusal/refusal.h"
#include "rereg.h"
#include "revoke.h"

/*
 * If the memory region is not guarded: it will be no concern of ours either.
 * With another access what is mapped there now can be pinned: it was on demand,
 * or other memory, or there are drivers that always pin again.
 */
static bool is_as_without_us(const struct rereg *rereg)
{
	return !(rereg->flags & (IBV_REREG_MR_CHANGE_TRANSLATION |
				 IBV_REREG_MR_CHANGE_ACCESS)) ||
	       rereg->reg.access & IBV_ACCESS_ON_DEMAND;
}

/* If it is not guarded, as one without leases; the program still has it. */
static int revoke_now(struct rereg *rereg)
{
	struct ibv_mr *mr = rereg->reg.mr;
	struct guarded_mr *gmr;
	int r;

	if (!rereg->is_tracked) {
		r = device_adopt(mr->context, &rereg->reg.cause);
		if (r)
			return r;
		gmr = track_alloc(1);
		if (!gmr)
			return ENOMEM;
		gmr->mr = mr;
		gmr->context = mr->context;
		track_add_orphan(gmr);
	}
	return revoke_mr(mr);
}

static void drop_retired_key(struct rereg *rereg)
{
	uint32_t lkey = rereg->reg.mr->lkey;

	if (revoke_now(rereg))
		refusal_stuck(lkey, true);
	rereg_fail(rereg, IBV_REREG_MR_ERR_CMD, refusal_rereg_retired(lkey));
}

/*
 * Another thread may have mapped other memory there meanwhile.  Where a process
 * has leases the kernel pins files for it, also if it took them for no file.
 */
static bool must_look_again(const struct rereg *rereg)
{
	return rereg->is_tracked ||
	       (!is_as_without_us(rereg) && !rereg->reg.mapping.n_parts &&
		(rereg->had_leases || stats_get(leases)));
}

static void look_again(struct rereg *rereg)
{
	uint32_t lkey = rereg->reg.mr->lkey;
	int r = guard_look_again(&rereg->reg);

	if (!r)
		return;
	if (r == EAGAIN)
		r = refusal_rereg_remapped(lkey);
	if (revoke_now(rereg))
		refusal_remapped_stuck(lkey);
	rereg_fail(rereg, IBV_REREG_MR_ERR_CMD, r);
}

/* What the memory region will be, from what it is and what is to be changed */
static void set_target(struct rereg *rereg, const struct mr_params *now)
{
	struct registration *reg = &rereg->reg;

	reg->pd = rereg->flags & IBV_REREG_MR_CHANGE_PD ? rereg->pd : now->pd;
	reg->access = now->access;
	if (rereg->flags & IBV_REREG_MR_CHANGE_ACCESS)
		reg->access = rereg->access;
	reg->is_written = guard_is_written(reg->access);
	if (rereg_is_moved(rereg)) {
		reg->addr = rereg->addr;
		reg->length = rereg->length;
		reg->iova = (uintptr_t)rereg->addr;
	} else {
		reg->addr = now->addr;
		reg->length = now->length;
		reg->iova = now->iova;
	}
}

static int set_options(struct rereg *rereg, const struct mr_params *params,
		       struct event_source *source)
{
	rereg->options = params->options;
	rereg->reg.options = &rereg->options;
	/* Its own, for events say what memory it is. */
	if (source && event_source_copy(source, &rereg->options.source))
		return refusal_no_memory(rereg->reg.addr);
	return 0;
}

/* 0, or the errno for the program, explained */
static int find_out(struct rereg *rereg)
{
	struct ibv_mr *mr = rereg->reg.mr;
	struct mr_params params = {
		.pd = mr->pd,
		.addr = mr->addr,
		.length = mr->length,
		.iova = (uintptr_t)mr->addr,
	};
	struct event_source *source = NULL;
	int r;

	if (rereg->flags & IBV_REREG_MR_CHANGE_PD && !rereg->pd)
		return EINVAL;
	SECTION(section);
	r = track_get_params(mr, MR_ALIVE, &params, &source);
	rereg->was_guarded = !r;
	r = r && track_has(mr)
		    ? refusal_rereg(mr->lkey, "it was revoked, or is to be")
		    : 0;
	if (!r)
		set_target(rereg, &params);
	if (!r && rereg->was_guarded)
		r = set_options(rereg, &params, source);
	event_source_put(source);
	return r;
}

/* What can be revoked must stay so, whatever is mapped there by now. */
static int check_access(const struct rereg *rereg)
{
	const struct registration *reg = &rereg->reg;

	if (reg->access & IBV_ACCESS_ON_DEMAND)
		return refusal_rereg(reg->mr->lkey,
				     "on-demand paging cannot be turned on");
	if (reg->access & IBV_ACCESS_MW_BIND && rereg->was_guarded &&
	    !rereg_is_moved(rereg))
		return refusal_rereg(
			reg->mr->lkey,
			"a bound memory window would keep it from being revoked");
	return 0;
}

/* 0 when the program has its answer, or the errno for it, explained */
static int rereg_any(struct rereg *rereg)
{
	struct registration *reg = &rereg->reg;
	int r = find_out(rereg);

	if (r)
		return r;
	if (!rereg->was_guarded && is_as_without_us(rereg))
		return reg->registrar->unguarded(reg);
	/* It is revoked on its own context, and ends with that. */
	if (reg->pd->context != reg->mr->context)
		return EINVAL;
	r = check_access(rereg);
	if (r)
		return r;
	/* In place mlx5 may pin these, too, where it makes a new one of it. */
	rereg->addr = reg->addr;
	rereg->length = reg->length;
	r = guard_registration(reg);
	if (!r && !reg->mapping.n_parts)
		r = reg->registrar->unguarded(reg);
	return r;
}

static void tell(const struct rereg *rereg)
{
	const struct registration *reg = &rereg->reg;

	if (rereg->has_guard) {
		probe_register(reg->addr, reg->length, reg->mr->lkey);
		guard_tell(reg, guard_of(reg));
	} else if (reg->mapping.n_parts) {
		guard_tell(reg, PINSAFE_GUARD_NONE);
	}
}

int guard_rereg_mr(const struct real_verbs *real, struct ibv_mr *mr, int flags,
		   struct ibv_pd *pd, void *addr, size_t length, int access)
{
	struct rereg rereg = {
		.reg = { .registrar = &guard_moved_mr, .real = real, .mr = mr,
			 .retake = RETAKE_INITIALIZER },
		.flags = flags,
		.pd = pd,
		.addr = addr,
		.length = length,
		.access = access,
	};
	struct section section;
	int r;

	/* As libibverbs says for such a provider; nothing changes. */
	if (!real->rereg_mr) {
		errno = EOPNOTSUPP;
		return IBV_REREG_MR_ERR_INPUT;
	}
	r = rereg_any(&rereg);
	if (r)
		rereg_fail(&rereg, IBV_REREG_MR_ERR_INPUT, r);
	section_enter(&section);
	if (!rereg.result && must_look_again(&rereg))
		look_again(&rereg);
	if (!rereg.result && rereg.has_retired_key)
		drop_retired_key(&rereg);
	section_leave(&section);
	if (!rereg.result)
		tell(&rereg);
	retake_forget(&rereg.reg);
	event_source_put(rereg.options.source);
	if (rereg.result)
		errno = rereg.error;
	return rereg.result;
}
