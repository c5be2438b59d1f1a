// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a registration goes through, and the only place that knows the order:
 *
 *   classify -> lease -> prefault -> register -> look again -> track
 *
 * Each failure undoes what was done, in reverse, and is explained in one
 * sentence.  EAGAIN from any stage means that a lease was broken on the way:
 * the whole line is tried again (retake.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "breaker.h"
#include "guard.h"
#include "keeper.h"
#include "lease.h"
#include "mapping.h"
#include "prefault.h"
#include "refusal.h"
#include "retake.h"
#include "stats.h"
#include "track.h"

struct registration {
	const struct real_verbs *real;
	struct ibv_pd *pd;
	void *addr;
	size_t length;
	uint64_t iova;
	int access;

	struct mapping mapping;
	struct guarded_mr *gmr;		/* with the leases taken so far */
	struct ibv_mr *mr;
};

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* Nothing is pinned then, so the blocks can go at any time. */
static bool is_on_demand(int access)
{
	return access & IBV_ACCESS_ON_DEMAND;
}

struct classify_args {
	const struct registration *reg;
	pid_t tid;
	struct mapping *mapping;
};

static int classify_with(void *arg)
{
	struct classify_args *args = arg;

	return mapping_classify((uintptr_t)args->reg->addr, args->reg->length,
				args->tid, args->mapping);
}

static int classify(const struct registration *reg, struct mapping *ret_mapping)
{
	struct classify_args args = { reg, gettid(), ret_mapping };
	int r;

	r = classify_with(&args);
	if (r == EMFILE || r == ENFILE)
		r = keeper_call(classify_with, &args);
	if (r)
		refusal_no_maps(r);
	return r;
}

/* Which lease protects the file?  NULL: none that we have. */
static const struct lease_backend *choose(const struct mapping_part *part)
{
	return part->kind == MAPPING_FSDAX ? &lease_layout : NULL;
}

static int check_access(const struct registration *reg)
{
	const struct mapping_part *part = &reg->mapping.parts[0];

	/* A bound window makes deregistration fail, and so every revoke. */
	if (reg->access & IBV_ACCESS_MW_BIND)
		return refusal_mw_bind(part);
	return 0;
}

static void put_leases(struct guarded_mr *gmr, size_t n_leases)
{
	while (n_leases)
		lease_put(gmr->leases[--n_leases]);
}

static int take_leases(struct registration *reg)
{
	const struct lease_backend *backend;
	const struct mapping_part *part;
	struct lease *lease;
	size_t i;
	int r;

	for (i = 0; i < reg->mapping.n_parts; i++) {
		part = &reg->mapping.parts[i];
		backend = choose(part);
		if (!backend)
			return refusal_no_guard(part);
		r = lease_take(backend, &part->file, &lease);
		if (r)
			return r == EAGAIN ? r : refusal_lease(part, r);
		if (track_holds(reg->gmr, lease))
			lease_put(lease);
		else
			reg->gmr->leases[reg->gmr->n_leases++] = lease;
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

static int why_on_keeper(void *arg)
{
	return prefault_why(arg, page_size());
}

static int check_blocks_on_keeper(void *arg)
{
	return prefault_check_blocks(arg);
}

static int prefault_part(struct registration *reg, struct mapping_part *part)
{
	int r;

	r = prefault(part, page_size(), is_broken, reg->gmr);
	if (!r && !part->writable)
		r = keeper_call(check_blocks_on_keeper, part);
	else if (r == EFAULT)
		r = keeper_call(why_on_keeper, part);
	if (!r || r == EAGAIN)
		return r;
	return refusal_prefault(part, r);
}

static int prefault_all(struct registration *reg)
{
	size_t i;
	int r;

	for (i = 0; i < reg->mapping.n_parts; i++) {
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

static int adopt_context(struct ibv_context *context)
{
	if (real_verbs_is_adopted(context))
		return 0;
	return keeper_call(adopt_on_keeper, context);
}

/* The kernel refuses new pins during a break that we have not heard of yet. */
static int why_not_registered(struct registration *reg, int r)
{
	size_t i;

	for (i = 0; i < reg->gmr->n_leases; i++)
		if (!lease_is_held(reg->gmr->leases[i]))
			return EAGAIN;
	return r == EAGAIN ? r : refusal_register(&reg->mapping.parts[0], r);
}

static int do_register(struct registration *reg)
{
	int r;

	r = adopt_context(reg->pd->context);
	if (r == EAGAIN)
		return r;
	if (r)
		return refusal_adopt(&reg->mapping.parts[0], r);
	errno = 0;
	reg->mr = reg->real->reg_mr(reg->pd, reg->addr, reg->length, reg->iova,
				    reg->access);
	if (reg->mr)
		return 0;
	return why_not_registered(reg, errno ?: EIO);
}

/* Somebody may have replaced the mapping since it was classified. */
static int look_again(const struct registration *reg)
{
	struct mapping now;
	int r;

	r = classify(reg, &now);
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
	track_add_orphan(reg->gmr);
	return false;
}

static int register_guarded(struct registration *reg)
{
	int r;

	r = check_access(reg);
	if (r)
		return r;
	reg->gmr = track_alloc(reg->mapping.n_parts);
	if (!reg->gmr)
		return ENOMEM;

	r = take_leases(reg);
	if (r)
		goto out_put_leases;
	r = prefault_all(reg);
	if (r)
		goto out_put_leases;
	r = do_register(reg);
	if (r)
		goto out_put_leases;
	reg->gmr->mr = reg->mr;
	reg->gmr->context = reg->pd->context;
	r = look_again(reg);
	if (r)
		goto out_dereg;
	r = track_add(reg->gmr);
	if (r)
		goto out_dereg;
	stats_add(registrations, 1);
	return 0;

out_dereg:
	if (!undo_register(reg))
		return r;
out_put_leases:
	put_leases(reg->gmr, reg->gmr->n_leases);
	free(reg->gmr);
	return r;
}

/*
 * With a lease the kernel pins pages of the file for any registration of this
 * process, also if they were mapped there just now.
 */
static struct ibv_mr *register_unguarded(const struct registration *reg)
{
	struct section section;
	struct ibv_mr *mr;
	struct mapping now;
	int r;

	mr = reg->real->reg_mr(reg->pd, reg->addr, reg->length, reg->iova,
			       reg->access);
	if (!mr || !stats_get(leases))
		return mr;
	section_enter(&section);
	r = classify(reg, &now);
	section_leave(&section);
	if (!r && !now.n_parts)
		return mr;
	if (!r) {
		r = refusal_remapped(&now.parts[0]);
		mapping_put(&now);
	}
	(void)reg->real->dereg_mr(mr);
	errno = r;
	return NULL;
}

struct ibv_mr *guard_reg_mr(const struct real_verbs *real, struct ibv_pd *pd,
			    void *addr, size_t length, uint64_t iova,
			    int access)
{
	struct registration reg = {
		.real = real,
		.pd = pd,
		.addr = addr,
		.length = length,
		.iova = iova,
		.access = access,
	};
	struct retake retake = RETAKE_INITIALIZER;
	struct section section;
	bool must_retake, is_guarded;
	int r;

	if (is_on_demand(access))
		return real->reg_mr(pd, addr, length, iova, access);

	do {
		section_enter(&section);
		r = classify(&reg, &reg.mapping);
		is_guarded = !r && reg.mapping.n_parts;
		if (is_guarded)
			r = register_guarded(&reg);
		section_leave(&section);

		must_retake = is_guarded && r == EAGAIN && retake_wait(&retake);
		if (is_guarded && r == EAGAIN && !must_retake)
			r = refusal_retake(&reg.mapping.parts[0]);
		mapping_put(&reg.mapping);
	} while (must_retake);
	if (!r && retake.deadline_ns)
		stats_add(retakes, 1);

	if (!r && !is_guarded)
		return register_unguarded(&reg);
	if (r) {
		errno = r;
		return NULL;
	}
	return reg.mr;
}

/*
 * The new memory would have to be guarded before the old one is let go.  Until
 * that is possible both are refused.
 */
static int check_rereg(struct ibv_mr *mr, int flags, void *addr, size_t length)
{
	struct registration reg = { .addr = addr, .length = length };
	int r = 0;

	if (track_has(mr))
		return refusal_rereg_guarded(mr->lkey);
	if (!(flags & IBV_REREG_MR_CHANGE_TRANSLATION))
		return 0;
	r = classify(&reg, &reg.mapping);
	if (r)
		return r;
	if (reg.mapping.n_parts)
		r = refusal_rereg(&reg.mapping.parts[0]);
	mapping_put(&reg.mapping);
	return r;
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
	return real->rereg_mr(mr, flags, pd, addr, length, access);
}

static int dereg_guarded(const struct real_verbs *real, struct guarded_mr *gmr)
{
	size_t n_leases;
	int r;

	/* For a zombie verbs_wrap.c keeps this from reaching the kernel. */
	r = real->dereg_mr(gmr->mr);
	if (r) {
		track_dereg_failed(gmr);
		return r;
	}
	n_leases = track_remove(gmr);
	put_leases(gmr, n_leases);
	free(gmr);
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
	real->free_context(context);
	while ((gmr = args.alive)) {
		args.alive = gmr->next_detached;
		put_leases(gmr, gmr->n_leases);
		free(gmr);
	}
	section_leave(&section);
}
