// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Lease -> prefault: what has to be there before the provider is asked to pin
 * memory, for a new memory region or for one that is moved.
 */
#include <errno.h>

#include "device.h"
#include "guard.h"
#include "lease.h"
#include "refusal/refusal.h"
#include "registration.h"

void guard_put_leases(struct guarded_mr *gmr, size_t n_leases)
{
	while (n_leases)
		lease_put(gmr->leases[--n_leases]);
}

bool guard_leases_are_held(const struct registration *reg)
{
	size_t i;

	for (i = 0; i < reg->gmr->n_leases; i++)
		if (!lease_is_held(reg->gmr->leases[i]))
			return false;
	return true;
}

static int adopt_context(struct registration *reg)
{
	int r;

	reg->cause.kind = CAUSE_UNKNOWN;
	r = device_adopt(reg->pd->context, &reg->cause);
	if (!r || r == EAGAIN || reg->recalled)
		return r;
	return refusal_adopt(&reg->mapping.parts[0], &reg->cause, r);
}

static void note_ranges(struct registration *reg)
{
	struct guarded_mr *gmr = reg->gmr;
	size_t i;

	for (i = 0; i < reg->mapping.n_parts; i++) {
		const struct mapping_part *part = &reg->mapping.parts[i];
		const struct lease *lease = guard_lease_of(reg, part);

		if (reg->choices[i].guard == GUARD_NONE)
			continue;
		gmr->ranges[gmr->n_ranges++] = (struct mr_range){
			.start = part->start,
			.end = part->end,
			.dev = part->file.dev,
			.ino = part->file.ino,
			.is_kept = lease && lease->keeps_writes,
		};
	}
}

int guard_prepare(struct registration *reg)
{
	int r;

	reg->gmr = track_alloc(reg->mapping.n_parts);
	if (!reg->gmr) {
		if (reg->recalled)
			lease_put(reg->recalled);
		return refusal_no_memory(reg->addr);
	}
	r = reg->is_on_demand ? 0 : guard_take_leases(reg);
	note_ranges(reg);
	if (!r)
		r = guard_prefault(reg);
	if (!r)
		r = adopt_context(reg);
	if (r)
		guard_undo_prepare(reg);
	return r;
}

void guard_undo_prepare(struct registration *reg)
{
	guard_put_leases(reg->gmr, reg->gmr->n_leases);
	track_free(reg->gmr);
	reg->gmr = NULL;
}
