// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What would become of a registration, without making it: the choice and the
 * sentences are those of the other stages, and what the kernel would say is
 * known by whoever asks.
 */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>

#include "api/foresee.h"
#include "base/export.h"
#include "choice.h"
#include "policy/config.h"
#include "policy/options.h"
#include "refusal/refusal.h"

static const struct cause unknown;

static int take_lease(const struct foresee *q, const struct mapping_part *part,
		      const struct choice *choice, bool *ret_unpinnable)
{
	int r = choice->backend == &lease_layout ? q->layout_lease
						 : q->ordinary_lease;
	const struct cause *cause;

	*ret_unpinnable = r == EOPNOTSUPP && part->kind == MAPPING_FSDAX;
	if (!r || *ret_unpinnable)
		return r;
	cause = choice->backend == &lease_layout ? &q->layout_cause
						 : &q->ordinary_cause;
	return r == EAGAIN ? refusal_retake(part, cause, 0)
			   : refusal_lease(part, cause, r);
}

static bool must_keep_writes(const struct foresee *q)
{
	return q->is_written && q->kind == MAPPING_PAGE_CACHE &&
	       config_policy(q->path).page_cache_write;
}

/*
 * The kernel pins files with DAX under a layout lease only, and those that it
 * keeps written under one that promises that.
 */
static int pin(const struct foresee *q, const struct lease_backend *backend)
{
	if (backend != &lease_layout)
		return q->kind == MAPPING_FSDAX ? EOPNOTSUPP : q->pin;
	return q->pin == EFAULT && must_keep_writes(q) ? 0 : q->pin;
}

/* As guard_lease.c */
static int take_best_lease(const struct foresee *q,
			   const struct mapping_part *part,
			   struct choice *choice, bool *ret_unpinnable)
{
	int r = q->layout_lease;

	if (choice->backend == &lease_layout && choice->may_be_ordinary &&
	    (r == EOPNOTSUPP || r == EACCES)) {
		r = choice_make_ordinary(part, q->is_written, choice);
		if (r)
			return r;
	}
	r = take_lease(q, part, choice, ret_unpinnable);
	if (r || choice->backend != &lease_layout || !must_keep_writes(q))
		return r;
	return q->keeps_writes ? 0 : refusal_not_written(part, &q->write_cause);
}

/* guard_register.c up to the registration; what is unpinnable is not explained. */
static int go_down_line(const struct foresee *q,
			const struct mapping_part *part,
			struct choice *choice, bool *ret_unpinnable)
{
	int r = 0;

	*ret_unpinnable = false;
	if (choice->backend)
		r = take_best_lease(q, part, choice, ret_unpinnable);
	if (r)
		return r;
	if (q->prefault)
		return refusal_prefault(part, &unknown, q->prefault);
	r = choice->backend ? pin(q, choice->backend) : 0;
	*ret_unpinnable = r == EFAULT && part->kind == MAPPING_PAGE_CACHE;
	return *ret_unpinnable || !r
		       ? r
		       : refusal_register(part, &unknown, q->is_written, r);
}

/* As guard.c; *ret_guard only if it succeeds */
static int find_guard(const struct foresee *q, const struct mapping_part *part,
		      uint32_t *ret_guard)
{
	struct choice choice;
	bool is_unpinnable;
	int r;

	r = choice_make(part, q->is_written, NULL, &choice);
	if (r)
		return r;
	if (choice.guard == GUARD_ODP && !q->has_odp)
		return refusal_plain(part, CAUSE_NO_ODP);
	if (choice.guard != GUARD_NONE) {
		r = go_down_line(q, part, &choice, &is_unpinnable);
		if (is_unpinnable && choice.may_go_on_demand && q->has_odp) {
			choice = (struct choice){ .guard = GUARD_ODP };
			r = go_down_line(q, part, &choice, &is_unpinnable);
		} else if (is_unpinnable) {
			r = r == EOPNOTSUPP
				    ? refusal_lease(part, &q->layout_cause, r)
				    : refusal_register(part, &unknown,
						       q->is_written, r);
		}
	}
	if (!r)
		*ret_guard = choice.guard; /* which has the same values */
	return r;
}

/* Without a guard.  What stood in the way of one is said rather. */
static int pin_unguarded(const struct foresee *q,
			 const struct mapping_part *part,
			 struct pinsafe_check_result *result)
{
	int r = pin(q, NULL);
	bool is_explained = result->reason[0];

	if (q->prefault)
		r = is_explained
			    ? EFAULT
			    : refusal_prefault(part, &unknown, q->prefault);
	else if (r && !is_explained)
		r = refusal_register(part, &unknown, q->is_written, r);
	return r;
}

PINSAFE_EXPORT void
pinsafe_private_foresee(const struct foresee *q,
			struct pinsafe_check_result *ret_result)
{
	struct pinsafe_check_result result = { .guard = PINSAFE_GUARD_NONE };
	struct reg_options options = { .check = &result };
	struct policy policy = config_policy(q->path);
	struct mapping_part part = {
		.kind = q->kind,
		.readable = true,
		.writable = true,
		.file = { .dev = q->dev,
			  /* Another one, whichever */
			  .map_dev = q->dev + (q->fs_magic == BTRFS_SUPER_MAGIC),
			  .ino = q->ino,
			  .path = q->path },
		.fs_name = "a file system",
		.fs_magic = q->fs_magic,
		/* Of other processes than root's nobody can tell what is mapped. */
		.error = q->fs_magic == BTRFS_SUPER_MAGIC && !q->sees_maps
				 ? ENOENT
				 : 0,
	};
	int r = 0;

	options_set(&options);
	if (q->kind == MAPPING_SHMEM && !policy.guard_shmem)
		result.guard = PINSAFE_GUARD_UNNEEDED;
	else if (!config_get()->off)
		r = find_guard(q, &part, &result.guard);
	if (r ? policy.warn_on_refuse : result.guard >= PINSAFE_GUARD_NONE)
		r = pin_unguarded(q, &part, &result);
	options_set(NULL);
	if (!r && result.guard == PINSAFE_GUARD_NONE && !result.reason[0])
		strcpy(result.reason,
		       config_get()->off ? "PINSAFE=off"
					 : "the policy for it is guard=none");
	result.error = r;
	*ret_result = result;
}
