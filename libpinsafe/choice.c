// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Which guard for which kind of memory: what the policy says, or the best that
 * there is.  Whether the kernel has it shows when it is taken.
 */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "choice.h"
#include "keeper.h"
#include "machine/lease_why.h"
#include "machine/pin_rule.h"
#include "memory/fs.h"
#include "refusal/refusal.h"

struct stable_args {
	dev_t dev;
	bool is_stable;
};

static int read_stable_writes(void *arg)
{
	struct stable_args *args = arg;

	return fs_disk_has(args->dev, "stable_writes", &args->is_stable);
}

/*
 * Pages must not change while they are written back, e.g. for a checksum.  The
 * keeper has descriptors to spare; what nobody can read counts as a yes.
 */
static int check_stable_pages(const struct mapping_part *part)
{
	struct stable_args args = { .dev = part->file.dev };
	int r;

	if (!major(args.dev)) /* a file system without a disk */
		return 0;
	r = keeper_call_if_full(read_stable_writes, &args);
	if (r)
		return refusal_disk(part, r);
	return args.is_stable ? refusal_plain(part, CAUSE_STABLE_PAGES)
			      : 0;
}

/* The kernel does not count who has a memfd open, and grants no lease on it. */
static bool is_memory_without_leases(const struct mapping_part *part)
{
	return part->kind == MAPPING_SHMEM &&
	       (!lease_ordinary_works_on(part->fs_magic) ||
		!strncmp(part->file.path, "/memfd:", strlen("/memfd:")));
}

/*
 * What the device writes would not get to the disk, or spoil it.  Where the kernel
 * pins no page cache for writing another disk helps nobody, and it says so itself.
 */
static int check_written(const struct mapping_part *part)
{
	if (part->kind != MAPPING_PAGE_CACHE)
		return 0;
	if (part->fs_magic == BTRFS_SUPER_MAGIC)
		return refusal_plain(part, CAUSE_CHECKSUMS);
	return pin_rule_is_strict() ? 0 : check_stable_pages(part);
}

static int choose_lease(const struct mapping_part *part, bool is_written,
			const struct policy *policy, struct choice *choice)
{
	int r;

	/* What watch.c keeps, and the program does, is told by one number. */
	if (part->error || part->file.dev != part->file.map_dev)
		return refusal_no_match(part);
	if (is_memory_without_leases(part))
		return refusal_plain(part, CAUSE_NO_MEMORY_LEASES);
	if (!lease_ordinary_works_on(part->fs_magic))
		return refusal_plain(part, CAUSE_BLIND_LEASES);
	if (policy->hold_on_break)
		return refusal_plain(part, CAUSE_CANNOT_HOLD);
	r = is_written ? check_written(part) : 0;
	if (!r)
		choice->backend = &lease_ordinary;
	return r;
}

/* With page_cache_write=yes the kernel knows what the device may write to. */
static int choose_layout(const struct mapping_part *part, bool is_written,
			 const struct policy *policy, struct choice *choice)
{
	struct cause cause = { .kind = CAUSE_UNKNOWN };
	int r = 0;

	if (part->error)
		return refusal_no_match(part);
	if (part->kind != MAPPING_FSDAX &&
	    !lease_layout_works_on(part->fs_magic)) {
		lease_why_not_there(part->fs_magic, &cause);
		return refusal_lease(part, &cause, EOPNOTSUPP);
	}
	if (is_written && !policy->page_cache_write)
		r = check_written(part);
	if (!r)
		choice->backend = &lease_layout;
	return r;
}

static enum guard_choice best_guard(const struct mapping_part *part)
{
	if (part->kind == MAPPING_FSDAX)
		return GUARD_LAYOUT;
	return !part->error && lease_layout_works_on(part->fs_magic)
		       ? GUARD_LAYOUT
		       : GUARD_LEASE;
}

/* enum pinsafe_guard has the same values. */
static enum guard_choice wanted_guard(const struct reg_options *options,
				      const struct policy *policy)
{
	if (options && options->mask & PINSAFE_REG_GUARD)
		return (enum guard_choice)options->guard;
	return policy->guard;
}

int choice_make(const struct mapping_part *part, bool is_written,
		const struct reg_options *options, struct choice *ret_choice)
{
	struct policy policy = config_policy(part->file.path);
	struct choice choice = { .guard = wanted_guard(options, &policy) };
	int r = 0;

	if (part->kind == MAPPING_UNKNOWN && choice.guard != GUARD_NONE)
		return refusal_no_guard(part);
	if (choice.guard == GUARD_AUTO) {
		choice.guard = best_guard(part);
		choice.may_go_on_demand = !policy.hold_on_break;
		choice.may_be_ordinary = part->kind != MAPPING_FSDAX;
	}
	/* Of GUARD_ODP the device decides. */
	if (choice.guard == GUARD_LAYOUT)
		r = choose_layout(part, is_written, &policy, &choice);
	else if (choice.guard == GUARD_LEASE)
		r = choose_lease(part, is_written, &policy, &choice);
	if (!r)
		*ret_choice = choice;
	return r;
}

int choice_make_ordinary(const struct mapping_part *part, bool is_written,
			 struct choice *choice)
{
	struct policy policy = config_policy(part->file.path);
	int r = choose_lease(part, is_written, &policy, choice);

	if (!r)
		choice->guard = GUARD_LEASE;
	return r;
}
