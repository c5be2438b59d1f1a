// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The line that a registration goes down once it is known what guards it:
 *
 *   (guard_lease.c) lease -> prefault -> register -> look again -> track
 *
 * Here the memory is registered (the provider's call is in retired_reg.c), looked
 * at again, and remembered.
 * Each failure undoes what was done, in reverse.
 */
#include <errno.h>
#include <stdio.h>

#include "base/probe.h"
#include "device.h"
#include "hook/odp.h"
#include "lease.h"
#include "memory/mapping.h"
#include "refusal/refusal.h"
#include "registration.h"
#include "retired.h"

#define MAX_ODD_ANSWERS 20

/* The part that the kernel's EFAULT is about, or the first one */
static const struct mapping_part *
part_of_page_cache(const struct registration *reg)
{
	size_t i;

	for (i = 0; i < reg->mapping.n_parts; i++)
		if (reg->mapping.parts[i].kind == MAPPING_PAGE_CACHE)
			return &reg->mapping.parts[i];
	return &reg->mapping.parts[0];
}

/*
 * The kernel pins what there are leases for (kernel/README.md), so another file
 * was mapped there, which may be gone again.  But some device may always say so.
 */
static bool is_odd(struct registration *reg, int r)
{
	return r == EOPNOTSUPP && reg->gmr->n_leases &&
	       reg->n_odd++ < MAX_ODD_ANSWERS;
}

static void note_device(struct registration *reg, int r)
{
	const struct ibv_device *device = reg->pd->context->device;
	char call[sizeof(reg->cause.detail)];

	snprintf(call, sizeof(call), "ibv_reg_mr(3) of device %s",
		 device ? device->name : "?");
	(void)cause_call(&reg->cause, call, r);
}

static int why_not_registered(struct registration *reg, int r)
{
	const struct mapping_part *part = part_of_page_cache(reg);

	/* The kernel refuses new pins during a break not yet heard of. */
	if (r == EAGAIN || !guard_leases_are_held(reg)) {
		reg->cause.kind = CAUSE_BREAK;
		return EAGAIN;
	}
	if ((r == EFAULT || r == EOPNOTSUPP) && guard_is_replaced(reg))
		return EAGAIN;
	if (is_odd(reg, r)) {
		reg->cause.kind = CAUSE_REPLACED;
		return EAGAIN;
	}
	if (r == EFAULT)
		mapping_find_fault((uintptr_t)reg->addr, reg->length,
				   reg->is_written, &reg->cause);
	else
		note_device(reg, r);
	if (r == EFAULT && part->kind == MAPPING_PAGE_CACHE &&
	    !reg->is_on_demand && reg->cause.kind == CAUSE_UNKNOWN) {
		reg->unpinnable = part;
		return r;
	}
	return refusal_register(part, &reg->cause, reg->is_written, r);
}

/* The keeper goes on trying when one of the leases is broken. */
static void keep_stuck(const struct registration *reg, struct ibv_mr *mr)
{
	struct guarded_mr *gmr = track_alloc(reg->gmr->n_ranges);
	size_t i;

	for (i = 0; i < reg->gmr->n_leases; i++)
		lease_get(reg->gmr->leases[i]);
	refusal_orphan(&reg->mapping.parts[0], mr->lkey);
	/* Nobody could revoke it then: the leases stay for ever. */
	if (!gmr)
		return;
	guard_describe(reg, gmr, mr);
	track_join_guards(gmr, reg->gmr);
	track_add_orphan(gmr);
}

static int ask_provider(struct registration *reg,
			const struct guard_alias *alias)
{
	int on_demand = reg->is_on_demand ? IBV_ACCESS_ON_DEMAND : 0;

	return retired_reg_mr(reg, alias->addr, reg->access | on_demand,
			      keep_stuck);
}

/* Through @alias, which is the caller's to drop */
static int do_register(struct registration *reg,
		       const struct guard_alias *alias)
{
	int r = ask_provider(reg, alias);

	/* Maybe for what was mapped when the alias was made */
	if (r && r != EADDRNOTAVAIL &&
	    (reg->recalled || guard_alias_look(reg, alias) == EAGAIN)) {
		reg->cause.kind = CAUSE_REPLACED;
		return EAGAIN;
	}
	/* Pages may not be there after all, and the prefault says why. */
	if (r && reg->has_trusted_lease) {
		reg->may_trust_lease = false;
		r = guard_prefault(reg);
		if (r)
			return r;
		r = ask_provider(reg, alias);
	}
	if (r == EADDRNOTAVAIL)
		return r;
	if (r)
		return why_not_registered(reg, r);
	/* libibverbs does so, too, but later. */
	reg->mr->addr = reg->addr;
	if (reg->is_on_demand)
		odp_prefetch(reg->pd, reg->mr, reg->iova, reg->length,
			     reg->is_written);
	return 0;
}

/*
 * False: the kernel's MR could not be destroyed, and it keeps its leases.  The
 * keeper goes on trying when one of them is broken.
 */
static bool undo_register(struct registration *reg)
{
	if (!reg->real->dereg_mr(reg->mr))
		return true;
	refusal_orphan(&reg->mapping.parts[0], reg->mr->lkey);
	/* The program has never seen it; the next attempt may have events. */
	if (track_source(reg->gmr))
		(void)track_set_source(reg->gmr, NULL);
	track_add_orphan(reg->gmr);
	return false;
}

/* At what it was pinned from, and what the program has there */
static int look_again(const struct registration *reg,
		      const struct guard_alias *alias)
{
	int r = guard_alias_look(reg, alias);

	if (r == ESTALE)
		return reg->recalled ? EAGAIN : guard_look_again(reg);
	if (r && r != EAGAIN && !reg->recalled)
		refusal_no_maps(r);
	return r;
}

/*
 * What it is remembered as, that the keeper can revoke it, and that it is over
 * what was classified
 */
static int describe_and_prove(struct registration *reg,
			      const struct guard_alias *alias)
{
	int r;

	guard_describe(reg, reg->gmr, reg->mr);
	r = guard_describe_options(reg);
	if (r)
		return r;
	r = device_prove(reg->mr, &reg->cause);
	if (r)
		return reg->recalled ?
			       r :
			       refusal_adopt(&reg->mapping.parts[0],
					     &reg->cause, r);
	r = look_again(reg, alias);
	if (r == EAGAIN)
		reg->cause.kind = CAUSE_REPLACED;
	return r;
}

static int register_proven(struct registration *reg)
{
	struct guard_alias alias;
	int r;

	reg->mr = NULL;
	r = guard_alias_make(reg, &alias);
	if (r)
		return r;
	r = do_register(reg, &alias) ?: describe_and_prove(reg, &alias);
	guard_alias_end(reg, &alias, r);
	return r;
}

int guard_register_guarded(struct registration *reg)
{
	int r;

	reg->may_trust_lease = !reg->was_recalled;
	r = guard_lease(reg);
	if (r)
		return r;
	r = register_proven(reg);
	if (r && !reg->mr)
		goto out_undo_lease;
	if (r)
		goto out_dereg;
	/* While the leases are held: from track_add() on a break may end them. */
	guard_note(reg);
	r = track_add(reg->gmr);
	if (r) {
		reg->cause.kind = CAUSE_BREAK;
		goto out_dereg;
	}
	probe_register(reg->addr, reg->length, reg->mr->lkey);
	pages_note((uintptr_t)reg->addr, reg->length, false);
	return 0;

out_dereg:
	if (!undo_register(reg))
		return r;
out_undo_lease:
	guard_undo_lease(reg);
	return r;
}
