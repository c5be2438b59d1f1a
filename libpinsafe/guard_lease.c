// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Lease -> prefault: what has to be there before the provider is asked to pin
 * memory, for a new memory region or for one that is moved.  The leases are taken
 * here; guard_prefault.c does the rest.
 */
#include <errno.h>

#include "device.h"
#include "guard.h"
#include "keeper.h"
#include "lease.h"
#include "machine/lease_why.h"
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

struct why_args {
	const struct lease *lease;
	struct cause *cause;
};

static int find_out_why_not_written(void *arg)
{
	const struct why_args *args = arg;

	lease_why_not_written(args->lease->fd.fd, args->cause);
	return 0;
}

/* What the policy wants to have kept by the kernel, and nobody else */
static bool must_keep_writes(const struct registration *reg,
			     const struct mapping_part *part)
{
	return reg->is_written && part->kind == MAPPING_PAGE_CACHE &&
	       config_policy(part->file.path).page_cache_write;
}

/*
 * The lease may be one that another memory region has taken.  What is chosen is
 * what is there, then.
 */
static int check_lease(struct registration *reg, size_t i,
		       const struct lease *lease)
{
	const struct mapping_part *part = &reg->mapping.parts[i];
	struct why_args args = { lease, &reg->cause };
	struct choice *choice = &reg->choices[i];
	int r;

	if (choice->backend == &lease_layout &&
	    lease->backend == &lease_ordinary && !choice->may_be_ordinary)
		return refusal_plain(part, CAUSE_OTHER_KIND);
	choice->backend = lease->backend;
	if (lease->backend != &lease_layout || lease->keeps_writes ||
	    !must_keep_writes(reg, part))
		return 0;
	r = keeper_call(find_out_why_not_written, &args);
	return r ?: refusal_not_written(part, &reg->cause);
}

/* Nor is it there, or may the file be opened, or can it be found, for one. */
static bool may_fall_back(const struct choice *choice, int r)
{
	return choice->may_be_ordinary && choice->backend == &lease_layout &&
	       (r == EOPNOTSUPP || r == EACCES || r == EPERM || r == ENOENT);
}

static int take_lease(struct registration *reg, size_t i)
{
	const struct mapping_part *part = &reg->mapping.parts[i];
	struct choice *choice = &reg->choices[i];
	struct lease *lease;
	int r;

	reg->cause.kind = CAUSE_UNKNOWN;
	r = lease_take(choice->backend, &part->file, &reg->cause, &lease);
	if (may_fall_back(choice, r)) {
		choice->no_layout = r;
		return choice_make_ordinary(part, reg->is_written, choice) ?:
			       take_lease(reg, i);
	}
	if (r == EAGAIN) {
		reg->waits_for = part;
		return r;
	}
	if (r == EOPNOTSUPP && part->kind == MAPPING_FSDAX) {
		reg->unpinnable = part;
		return r;
	}
	if (r)
		return refusal_lease(part, &reg->cause, r);
	if (track_holds(reg->gmr, lease))
		lease_put(lease);
	else
		reg->gmr->leases[reg->gmr->n_leases++] = lease;
	return check_lease(reg, i, lease);
}

static int take_leases(struct registration *reg)
{
	size_t i;
	int r;

	if (reg->recalled) {
		reg->gmr->leases[reg->gmr->n_leases++] = reg->recalled;
		return 0;
	}
	for (i = 0; i < reg->mapping.n_parts; i++) {
		if (!reg->choices[i].backend)
			continue;
		r = take_lease(reg, i);
		if (r)
			return r;
	}
	return 0;
}

static void note_ranges(struct registration *reg)
{
	struct guarded_mr *gmr = reg->gmr;
	size_t i;

	for (i = 0; i < reg->mapping.n_parts; i++) {
		const struct mapping_part *part = &reg->mapping.parts[i];
		const struct lease *lease = lease_of_file(
			gmr->leases, gmr->n_leases, &part->file);

		if (reg->choices[i].guard == GUARD_NONE)
			continue;
		gmr->ranges[gmr->n_ranges++] = (struct mr_range){
			.start = part->start,
			.end = part->end,
			.dev = part->file.dev,
			.ino = part->file.ino,
			.is_kept = part->kind == MAPPING_SHMEM ||
				   (lease && lease->keeps_writes),
		};
	}
}

int guard_lease(struct registration *reg)
{
	int r;

	reg->gmr = track_alloc(reg->mapping.n_parts);
	if (!reg->gmr) {
		if (reg->recalled)
			lease_put(reg->recalled);
		return refusal_no_memory(reg->addr);
	}
	r = reg->is_on_demand ? 0 : take_leases(reg);
	note_ranges(reg);
	if (!r)
		r = guard_prefault(reg);
	if (!r)
		r = adopt_context(reg);
	if (r)
		guard_undo_lease(reg);
	return r;
}

void guard_undo_lease(struct registration *reg)
{
	guard_put_leases(reg->gmr, reg->gmr->n_leases);
	track_free(reg->gmr);
	reg->gmr = NULL;
}
