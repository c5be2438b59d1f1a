// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The line that a registration goes down once it is known what guards it:
 *
 *   lease -> prefault -> register -> look again -> track
 *
 * Each failure undoes what was done, in reverse.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "event.h"
#include "guard.h"
#include "keeper.h"
#include "lease.h"
#include "odp.h"
#include "prefault.h"
#include "probe.h"
#include "refusal.h"
#include "registration.h"
#include "retired.h"
#include "stats.h"

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

void guard_put_leases(struct guarded_mr *gmr, size_t n_leases)
{
	while (n_leases)
		lease_put(gmr->leases[--n_leases]);
}

/* What is explained later, if on-demand paging does not help either */
static int not_pinned(struct registration *reg, const struct mapping_part *part,
		      int r)
{
	reg->unpinnable = part;
	return r;
}

static int take_lease(struct registration *reg, size_t i)
{
	const struct mapping_part *part = &reg->mapping.parts[i];
	const struct choice *choice = &reg->choices[i];
	struct lease *lease;
	int r;

	r = lease_take(choice->backend, &part->file, &lease);
	if (r == EAGAIN) {
		reg->waits_for = part;
		return r;
	}
	if (r == EOPNOTSUPP && part->kind == MAPPING_FSDAX)
		return not_pinned(reg, part, r);
	if (r)
		return refusal_lease(part, r);
	if (track_holds(reg->gmr, lease))
		lease_put(lease);
	else
		reg->gmr->leases[reg->gmr->n_leases++] = lease;
	return 0;
}

static int take_leases(struct registration *reg)
{
	size_t i;
	int r;

	for (i = 0; i < reg->mapping.n_parts; i++) {
		if (!reg->choices[i].backend)
			continue;
		r = take_lease(reg, i);
		if (r)
			return r;
	}
	return 0;
}

static bool is_broken(void *arg)
{
	struct guarded_mr *gmr = arg;
	bool broken = false;
	size_t i;

	ps_lock(&table_lock);
	for (i = 0; i < gmr->n_leases; i++)
		broken |= !lease_is_held_locked(gmr->leases[i]);
	ps_unlock(&table_lock);
	return broken;
}

static const struct lease *lease_of(const struct registration *reg,
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

struct look_args {
	const struct lease *lease;
	const struct mapping_part *part;
};

static int why_on_keeper(void *arg)
{
	const struct look_args *args = arg;
	int fd, r;

	r = lease_open(args->lease, &args->part->file, O_RDWR, &fd);
	if (r)
		return EFAULT;
	r = prefault_why(args->part, fd, page_size());
	close(fd);
	return r;
}

static int check_blocks_on_keeper(void *arg)
{
	const struct look_args *args = arg;
	int fd, r;

	r = lease_open(args->lease, &args->part->file, O_RDONLY, &fd);
	if (r)
		return r;
	r = prefault_check_blocks(args->part, fd);
	close(fd);
	return r;
}

/*
 * A hole of a file with DAX would be pinned as the zero page and stay zero for
 * the device for ever, also if it only reads.  A page cache has a page for it.
 */
static bool needs_blocks(const struct registration *reg,
			 const struct mapping_part *part)
{
	return reg->is_written || part->kind == MAPPING_FSDAX;
}

static unsigned int n_threads(const struct registration *reg)
{
	if (reg->options && reg->options->mask & PINSAFE_REG_PREFAULT_THREADS)
		return reg->options->prefault_threads;
	return 1;
}

static int prefault_part(struct registration *reg, struct mapping_part *part)
{
	struct look_args args = { lease_of(reg, part), part };
	bool for_write = part->writable && needs_blocks(reg, part);
	int r;

	r = prefault(part, page_size(), for_write, n_threads(reg), is_broken,
		     reg->gmr);
	if (args.lease && r == EFAULT && for_write)
		r = keeper_call(why_on_keeper, &args);
	else if (args.lease && !r && !part->writable &&
		 part->kind == MAPPING_FSDAX)
		r = keeper_call(check_blocks_on_keeper, &args);
	if (!r || r == EAGAIN)
		return r;
	return refusal_prefault(part, r);
}

static int prefault_all(struct registration *reg)
{
	size_t i;
	int r;

	for (i = 0; i < reg->mapping.n_parts; i++) {
		if (reg->choices[i].guard == GUARD_NONE)
			continue;
		r = prefault_part(reg, &reg->mapping.parts[i]);
		if (r)
			return r;
	}
	return 0;
}

static int adopt_on_keeper(void *arg)
{
	struct ibv_context *context = arg;
	int r;

	r = real_verbs_may_adopt(context);
	if (!r)
		r = keeper_adopt(context->cmd_fd);
	if (!r)
		real_verbs_set_adopted(context);
	return r;
}

static int adopt_context(const struct registration *reg)
{
	struct ibv_context *context = reg->pd->context;
	int r;

	if (real_verbs_is_adopted(context))
		return 0;
	r = keeper_call(adopt_on_keeper, context);
	if (!r || r == EAGAIN)
		return r;
	return refusal_adopt(&reg->mapping.parts[0], r);
}

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

static int why_not_registered(struct registration *reg, int r)
{
	const struct mapping_part *part = part_of_page_cache(reg);
	size_t i;

	/* The kernel refuses new pins during a break not yet heard of. */
	for (i = 0; i < reg->gmr->n_leases; i++)
		if (!lease_is_held(reg->gmr->leases[i]))
			return EAGAIN;
	if (r == EAGAIN)
		return r;
	if (r == EFAULT && part->kind == MAPPING_PAGE_CACHE &&
	    !reg->is_on_demand)
		return not_pinned(reg, part, r);
	return refusal_register(part, reg->is_written, r);
}

/* With an error there may be an MR that has to be undone. */
static int do_register(struct registration *reg)
{
	struct ibv_mr *stuck;
	int access = reg->access;

	if (reg->is_on_demand)
		access |= IBV_ACCESS_ON_DEMAND;
	errno = 0;
	reg->mr = retired_reg_mr(reg->real, reg->pd, reg->addr, reg->length,
				 reg->iova, access, &stuck);
	if (stuck) {
		reg->mr = stuck;
		return EADDRNOTAVAIL;
	}
	if (!reg->mr && errno == EADDRNOTAVAIL)
		return errno;
	if (!reg->mr)
		return why_not_registered(reg, errno ?: EIO);
	if (reg->is_on_demand)
		odp_prefetch(reg->pd, reg->mr, reg->iova, reg->length,
			     reg->is_written);
	return 0;
}

/* Somebody may have replaced the mapping since it was classified. */
static int look_again(const struct registration *reg)
{
	struct mapping now;
	int r;

	r = guard_classify(reg->addr, reg->length, &now);
	if (r)
		return r;
	r = mapping_equal(&reg->mapping, &now) ? 0 : EAGAIN;
	mapping_put(&now);
	return r;
}

/*
 * False: the kernel's MR could not be destroyed, and it keeps its leases.  The
 * breaker goes on trying when one of them is broken.
 */
static bool undo_register(struct registration *reg)
{
	if (!reg->real->dereg_mr(reg->mr))
		return true;
	refusal_orphan(&reg->mapping.parts[0], reg->mr->lkey);
	/* The program has never seen it; the next attempt may have events. */
	event_source_put(reg->gmr->source);
	reg->gmr->source = NULL;
	track_add_orphan(reg->gmr);
	return false;
}

/* The program's wish, or the longest that a policy grants */
static uint64_t grace_ns(const struct registration *reg)
{
	uint64_t ms = 0;
	size_t i;

	if (reg->options && reg->options->mask & PINSAFE_REG_GRACE)
		return reg->options->grace_ms * NSEC_PER_MSEC;
	for (i = 0; i < reg->mapping.n_parts; i++) {
		const char *path = reg->mapping.parts[i].file.path;
		uint64_t wanted = config_policy(path).grace_ms;

		if (wanted > ms)
			ms = wanted;
	}
	return ms * NSEC_PER_MSEC;
}

/* Each file once */
static int describe_files(const struct registration *reg,
			  struct event_source *source)
{
	size_t i;
	int r = 0;

	for (i = 0; i < reg->mapping.n_parts && !r; i++) {
		const struct backing *file = &reg->mapping.parts[i].file;

		r = event_source_add_file(source, file->dev, file->ino,
					  file->path);
	}
	return r;
}

/* ENOMEM: there is no room for what events have to say */
static int describe_options(struct registration *reg)
{
	const struct reg_options *options = reg->options;
	struct guarded_mr *gmr = reg->gmr;

	gmr->grace_ns = grace_ns(reg);
	if (!options)
		return 0;
	gmr->params.mask = options->mask & ~(uint64_t)PINSAFE_REG_FD;
	gmr->params.guard = options->guard;
	gmr->params.grace_ms = options->grace_ms;
	gmr->params.prefault_threads = options->prefault_threads;
	if (!options->source)
		return 0;
	event_source_set_mr(options->source, reg->mr, reg->addr, reg->length);
	gmr->source = event_source_get(options->source);
	return describe_files(reg, options->source);
}

static void describe(struct registration *reg)
{
	struct guarded_mr *gmr = reg->gmr;
	size_t i;

	gmr->mr = reg->mr;
	gmr->context = reg->pd->context;
	gmr->params = (struct mr_params){
		.pd = reg->pd,
		.addr = reg->addr,
		.length = reg->length,
		.iova = reg->iova,
		.access = reg->access,
	};
	gmr->is_written = reg->is_written;
	gmr->is_on_demand = reg->is_on_demand;
	for (i = 0; i < reg->mapping.n_parts; i++) {
		const struct mapping_part *part = &reg->mapping.parts[i];

		if (reg->choices[i].guard == GUARD_NONE)
			continue;
		gmr->ranges[gmr->n_ranges++] = (struct mr_range){
			.start = part->start,
			.end = part->end,
			.dev = part->file.dev,
			.ino = part->file.ino,
		};
	}
}

int guard_line(struct registration *reg)
{
	int r;

	reg->gmr = track_alloc(reg->mapping.n_parts);
	if (!reg->gmr)
		return ENOMEM;

	r = reg->is_on_demand ? 0 : take_leases(reg);
	if (r)
		goto out_put_leases;
	r = prefault_all(reg);
	if (r)
		goto out_put_leases;
	r = adopt_context(reg);
	if (r)
		goto out_put_leases;
	r = do_register(reg);
	if (!reg->mr)
		goto out_put_leases;
	describe(reg);
	if (r)
		goto out_dereg;
	r = describe_options(reg);
	if (r)
		goto out_dereg;
	r = look_again(reg);
	if (r)
		goto out_dereg;
	r = track_add(reg->gmr);
	if (r)
		goto out_dereg;
	probe_register(reg->addr, reg->length, reg->mr->lkey);
	return 0;

out_dereg:
	if (!undo_register(reg))
		return r;
out_put_leases:
	guard_put_leases(reg->gmr, reg->gmr->n_leases);
	track_free(reg->gmr);
	reg->gmr = NULL;
	return r;
}
