// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a registration goes through; nobody but guard*.c knows the order:
 *
 *   classify -> choose -> (guard_register.c) lease -> prefault -> register ->
 *   look again -> track
 *
 * guard_unneeded.c has a shorter one for most memory that needs no guard, and
 * guard_rereg_move.c another for memory regions that are moved.
 *
 * What cannot be guarded is refused in one sentence.  EAGAIN from any stage
 * means that a lease was broken on the way: all is tried again (retake.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "guard.h"
#include "hook/called.h"
#include "hook/odp.h"
#include "keeper.h"
#include "refusal/refusal.h"
#include "registration.h"
#include "watch.h"

bool guard_is_written(int access)
{
	return access & (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |
			 IBV_ACCESS_REMOTE_ATOMIC | IBV_ACCESS_MW_BIND);
}

static void tell_unguarded(const struct mapping_part *part)
{
	if (once_for_file(ONCE_UNGUARDED, part->file.dev, part->file.ino))
		log_warn("guard: %s: NOT PROTECTED, because the policy for it is guard=none",
			part->file.path);
}

/* Which guard for each part; reg->is_guarded: at least one needs one. */
static int choose(struct registration *reg)
{
	const struct mapping *mapping = &reg->mapping;
	size_t i;
	int r;

	reg->choices = calloc(mapping->n_parts + 1, sizeof(*reg->choices));
	if (!reg->choices)
		return refusal_no_memory(reg->addr);
	for (i = 0; i < mapping->n_parts; i++) {
		r = choice_make(&mapping->parts[i], reg->is_written,
				reg->options, &reg->choices[i]);
		if (r)
			return r;
		if (reg->choices[i].guard == GUARD_NONE)
			tell_unguarded(&mapping->parts[i]);
		else
			reg->is_guarded = true;
		if (reg->choices[i].guard == GUARD_ODP)
			reg->is_on_demand = true;
	}
	return 0;
}

/*
 * If the memory were replaced by another mapping, a device that follows the
 * address would write there; so somebody has to see that coming.
 */
static int line_on_demand(struct registration *reg)
{
	const struct mapping_part *part = &reg->mapping.parts[0];
	struct called_bypass bypass = { .name = NULL };
	uintptr_t start = (uintptr_t)reg->addr;

	if (!odp_is_offered(reg->pd->context))
		return refusal_plain(part, CAUSE_NO_ODP);
	if (!watch_is_enabled())
		return refusal_no_watch(part, NULL);
	if (!called_is_sure(CALLED_MAPPINGS, &bypass))
		return bypass.name ? refusal_no_watch(part, &bypass) :
				     refusal_no_memory(reg->addr);
	watch_cover(start, start + reg->length);
	if (once_for_file(ONCE_ON_DEMAND, part->file.dev, part->file.ino))
		log_warn("guard: %s: registered with on-demand paging: transfers are slower at first, and after a truncation they fail only until the file grows again",
			part->file.path);
	return guard_register_guarded(reg);
}

/* Of all parts that need a guard the policy leaves the choice to us. */
static bool may_go_on_demand(const struct registration *reg)
{
	size_t i;

	for (i = 0; i < reg->mapping.n_parts; i++)
		if (reg->choices[i].guard != GUARD_NONE &&
		    !reg->choices[i].may_go_on_demand)
			return false;
	return reg->registrar->on_demand && watch_is_enabled() &&
	       odp_is_sound(reg->real) &&
	       odp_is_offered(reg->pd->context) &&
	       called_is_sure(CALLED_MAPPINGS, NULL);
}

static int register_on_demand(struct registration *reg)
{
	if (!reg->registrar->on_demand)
		return refusal_plain(&reg->mapping.parts[0],
				     CAUSE_REREG_ON_DEMAND);
	return reg->registrar->on_demand(reg);
}

static int start_keeper(struct registration *reg)
{
	int r = keeper_start(&reg->cause);

	if (!r)
		return 0;
	/* Nothing that passes by itself */
	reg->is_final = true;
	return refusal_no_keeper(&reg->mapping.parts[0], &reg->cause, r);
}

static int register_guarded(struct registration *reg)
{
	int r = 0;

	/* A bound window makes deregistration fail, and so every revoke. */
	if (reg->access & IBV_ACCESS_MW_BIND)
		return refusal_plain(&reg->mapping.parts[0], CAUSE_MW_BIND);
	if (!guard_is_all_shared(reg) &&
	    mapping_has_private_dax((uintptr_t)reg->addr, reg->length, gettid(),
				    &reg->cause))
		return refusal_private_dax(&reg->cause);
	if (!reg->recalled)
		r = start_keeper(reg);
	if (r)
		return r;
	if (reg->is_on_demand)
		return register_on_demand(reg);
	r = reg->registrar->guarded(reg);
	if (!reg->unpinnable)
		return r;
	if (may_go_on_demand(reg)) {
		reg->is_on_demand = true;
		reg->unpinnable = NULL;
		return register_on_demand(reg);
	}
	if (r == EOPNOTSUPP)
		return refusal_lease(reg->unpinnable, &reg->cause, r);
	return refusal_register(reg->unpinnable, &reg->cause, reg->is_written,
				r);
}

static void hint_descriptor(struct registration *reg)
{
	size_t i;

	if (reg->options && reg->options->mask & PINSAFE_REG_FD)
		for (i = 0; i < reg->mapping.n_parts; i++)
			reg->mapping.parts[i].file.hint = &reg->options->fd;
}

/* Which files there are, and which guards for them */
static int find_out(struct registration *reg)
{
	int r = guard_classify(reg->addr, reg->length, &reg->mapping);

	if (r || !reg->mapping.n_parts)
		return r;
	hint_descriptor(reg);
	return choose(reg);
}

static int classify_and_register(struct registration *reg)
{
	SECTION(section);
	int r;

	reg->section = &section;
	reg->cause.kind = CAUSE_UNKNOWN;
	r = guard_recall(reg) ? 0 : find_out(reg);
	return !r && reg->is_guarded ? register_guarded(reg) : r;
}

int guard_registration(struct registration *reg)
{
	int r = retake(reg, classify_and_register);

	/* By policy: guard=none, or on_refuse=warn after a refusal */
	if (r ? !refusal_is_only_warning(&reg->mapping)
	      : !reg->mapping.n_parts || reg->is_guarded)
		return r;
	if (r)
		refusal_let_pass(&reg->mapping.parts[0]);
	return reg->registrar->unguarded(reg);
}

static const struct registrar new_mr = {
	.guarded = guard_register_guarded,
	.on_demand = line_on_demand,
	.unguarded = guard_unneeded_unseen,
};

/* Memory may come to need a guard while it is registered without one. */
static int register_new(struct registration *reg)
{
	bool is_replaced;
	int r;

	for (;;) {
		r = guard_registration(reg);
		if (r || reg->mapping.n_parts)
			return r;
		r = guard_unneeded(reg, &is_replaced);
		if (!is_replaced)
			return r;
		if (!retake_wait(&reg->retake))
			return refusal_replaced(reg->addr);
		retake_forget(reg);
	}
}

struct ibv_mr *guard_reg_mr(const struct real_verbs *real, struct ibv_pd *pd,
			    void *addr, size_t length, uint64_t iova,
			    int access)
{
	struct registration reg = {
		.registrar = &new_mr,
		.real = real,
		.pd = pd,
		.addr = addr,
		.length = length,
		.iova = iova,
		.access = access,
		.is_written = guard_is_written(access),
		.options = options_get(),
		.retake = RETAKE_INITIALIZER,
	};
	enum pinsafe_guard guard = PINSAFE_GUARD_NONE;
	int r;

	/* Nothing is pinned then, so the blocks can go at any time. */
	if (access & IBV_ACCESS_ON_DEMAND) {
		if (reg.options && reg.options->check)
			reg.options->check->guard = PINSAFE_GUARD_ODP;
		r = guard_unneeded_unseen(&reg);
		errno = r ?: errno;
		return r ? NULL : reg.mr;
	}
	if (guard_unneeded_first(&reg))
		return reg.mr;

	reg.may_recall = !reg.options;
	r = register_new(&reg);
	if (!r && !reg.mapping.n_parts)
		guard = PINSAFE_GUARD_UNNEEDED;
	else if (!r && reg.gmr)
		guard = guard_of(&reg);
	if (!r)
		guard_tell(&reg, guard);
	retake_forget(&reg);
	if (r) {
		errno = r;
		return NULL;
	}
	return reg.mr;
}
