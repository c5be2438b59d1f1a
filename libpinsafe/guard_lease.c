// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The leases of a registration: the one that was chosen, or the ordinary one
 * where there is no layout lease; what is chosen is what is there, then.
 */
#include <errno.h>

#include "keeper.h"
#include "lease.h"
#include "machine/lease_why.h"
#include "refusal/refusal.h"
#include "registration.h"

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

/* The lease may be one that another memory region has taken. */
static int check_lease(struct registration *reg, size_t i,
		       const struct lease *lease)
{
	const struct mapping_part *part = &reg->mapping.parts[i];
	struct why_args args = { lease, &reg->cause };
	struct choice *choice = &reg->choices[i];
	int r;

	if (choice->backend == &lease_layout &&
	    lease->backend == &lease_ordinary && !choice->may_be_ordinary)
		return refusal_other_lease(part);
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
	       (r == EOPNOTSUPP || r == EACCES || r == ENOENT);
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
		r = choice_make_ordinary(part, reg->is_written, choice);
		return r ?: take_lease(reg, i);
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

int guard_take_leases(struct registration *reg)
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

struct lease *guard_lease_of(const struct registration *reg,
			     const struct mapping_part *part)
{
	const struct guarded_mr *gmr = reg->gmr;
	size_t i;

	for (i = 0; i < gmr->n_leases; i++)
		if (gmr->leases[i]->dev == part->file.dev &&
		    gmr->leases[i]->ino == part->file.ino)
			return gmr->leases[i];
	return NULL;
}
