// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Public entry points: register, release and restore memory regions.
 *
 * Registrations go through libibverbs, which completes its struct and keeps an
 * account of memory for ibv_fork_init(); it calls the hooked operation, where
 * the options wait.
 */
#include <errno.h>
#include <string.h>

#include <infiniband/pinsafe.h>

#include "api/api.h"
#include "base/export.h"
#include "base/fork.h"
#include "event.h"
#include "hook/real_verbs.h"
#include "policy/options.h"
#include "refusal/refusal.h"
#include "revoke.h"
#include "track.h"

#define KNOWN_MASK                                                 \
	(PINSAFE_REG_GUARD | PINSAFE_REG_FD | PINSAFE_REG_GRACE | \
	 PINSAFE_REG_IOVA | PINSAFE_REG_PREFAULT_THREADS)

/* ENOSYS, EOPNOTSUPP or 0 */
static int check_context(struct ibv_context *context)
{
	struct real_verbs real;

	if (!real_public_get())
		return ENOSYS;
	return real_verbs_get(context, &real) ? EOPNOTSUPP : 0;
}

static struct ibv_mr *reg_mr(const struct mr_params *params)
{
	struct ibv_mr *mr;

	options_set(&params->options);
	mr = real_public_get()->reg_mr_iova2(params->pd, params->addr,
					     params->length, params->iova,
					     params->access);
	options_set(NULL);
	return mr;
}

static int new_source(const struct pinsafe_reg_attr *attr,
		      struct event_source **ret_source)
{
	struct cause cause = { .kind = CAUSE_UNKNOWN };
	int r = attr->handler ? event_thread_start(&cause) : 0;

	if (r)
		return refusal_no_handlers(attr->addr, &cause, r);
	*ret_source = NULL;
	if (!attr->channel && !attr->handler)
		return 0;
	r = event_source_new(attr->channel, attr->handler, attr->user_data,
			     ret_source);
	return r == ENOMEM ? refusal_no_memory(attr->addr) : r;
}

static int check_attr(const struct ibv_pd *pd,
		      const struct pinsafe_reg_attr *attr)
{
	if (attr->comp_mask & ~(uint64_t)KNOWN_MASK)
		return EINVAL;
	if (attr->channel && attr->handler)
		return EINVAL;
	if (attr->comp_mask & PINSAFE_REG_GUARD &&
	    attr->guard > PINSAFE_GUARD_NONE)
		return EINVAL;
	return check_context(pd->context);
}

static struct ibv_mr *reg_with(struct ibv_pd *pd,
			       const struct pinsafe_reg_attr *attr)
{
	struct mr_params params = {
		.pd = pd,
		.addr = attr->addr,
		.length = attr->length,
		.iova = attr->comp_mask & PINSAFE_REG_IOVA ?
				attr->iova : (uintptr_t)attr->addr,
		.access = attr->access,
		.options = {
			.mask = attr->comp_mask,
			.guard = attr->guard,
			.fd = attr->fd,
			.grace_ms = attr->grace_ms,
			.prefault_threads = attr->prefault_threads,
			.progress = attr->progress,
			.user_data = attr->user_data,
			.timeout_ms = -1,
		},
	};
	struct ibv_mr *mr;
	int r, saved_errno;

	r = check_attr(pd, attr);
	if (!r)
		r = new_source(attr, &params.options.source);
	if (r) {
		errno = r;
		return NULL;
	}
	mr = reg_mr(&params);
	saved_errno = errno;
	event_source_put(params.options.source);
	errno = saved_errno;
	return mr;
}

PINSAFE_EXPORT struct ibv_mr *pinsafe_reg_mr(struct ibv_pd *pd,
					     const struct pinsafe_reg_attr *attr,
					     size_t size)
{
	struct pinsafe_reg_attr known = { 0 };

	if (!pd || !attr ||
	    size < offsetof(struct pinsafe_reg_attr, guard)) {
		errno = EINVAL;
		return NULL;
	}
	memcpy(&known, attr, size < sizeof(known) ? size : sizeof(known));
	fork_check();
	return reg_with(pd, &known);
}

PINSAFE_EXPORT int pinsafe_release(struct ibv_mr *mr)
{
	if (!mr)
		return EINVAL;
	fork_check();
	SECTION(section);
	return track_has(mr) ? revoke_mr(mr) : EINVAL;
}

static int get_params(struct ibv_mr *mr, struct mr_params *ret_params,
		      struct event_source **ret_source)
{
	fork_check();
	SECTION(section);
	return track_get_params(mr, MR_ZOMBIE, ret_params, ret_source);
}

PINSAFE_EXPORT int pinsafe_mr_restore(struct ibv_mr *mr, int timeout_ms,
				      uint32_t flags, struct ibv_mr **new_mr)
{
	struct event_source *source;
	struct mr_params params;
	struct ibv_mr *restored;
	int r;

	if (!mr || !new_mr || flags & ~(uint32_t)PINSAFE_RESTORE_SHORTER)
		return EINVAL;
	r = get_params(mr, &params, &source);
	if (r)
		return r;
	r = check_context(params.pd->context);
	if (!r && flags & PINSAFE_RESTORE_SHORTER)
		r = restore_cut(params.addr, &params.length);
	/* The events of the new one go where those of the old one went. */
	if (!r && source)
		r = event_source_copy(source, &params.options.source);
	event_source_put(source);
	if (r)
		return r == ENOMEM ? refusal_no_memory(params.addr) : r;
	params.options.timeout_ms = timeout_ms;
	restored = reg_mr(&params);
	r = restored ? 0 : errno;
	event_source_put(params.options.source);
	if (!r)
		*new_mr = restored;
	return r;
}
