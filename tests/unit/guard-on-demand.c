// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * On-demand paging: by policy, or where nothing can be pinned, the device is
 * sound and somebody sees what the program unmaps.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ruled.h"

#define ON_DEMAND                                                    \
	"cover, prefault 1, adopt 7, reg_mr, prefetch for writing, " \
	"classify, track"
#define ON_DEMAND_AGAIN \
	"cover, prefault 1, reg_mr, prefetch for writing, classify, track"

static int setup(void **state)
{
	int r = ruled_setup(state);

	fake_odp.is_offered = true;
	fake_watch_is_enabled = true;
	return r;
}

#define ODP_CASE(fn) CASE_WITH(fn, setup, ruled_teardown)

static void assert_on_demand(const struct ibv_mr *mr)
{
	const struct guarded_mr *gmr = fake_track.gmr;

	assert_true(fake_provider.access & IBV_ACCESS_ON_DEMAND);
	assert_ptr_equal(gmr->mr, mr);
	assert_true(gmr->is_on_demand);
	assert_int_equal(gmr->n_leases, 0);
	assert_int_equal(fake_lease.holders[1], 0);
}

ODP_CASE(no_layout_leases__on_demand)
{
	fake_lease.take = ALWAYS(EOPNOTSUPP);
	assert_on_demand(guarded_reg_succeeds("classify, take 1, " ON_DEMAND));
	assert_int_equal(fake_track.gmr->n_ranges, 1);
	assert_logged("on-demand paging");
}

static void no_layout_leases__refused(void **state)
{
	fake_lease.take = ALWAYS(EOPNOTSUPP);
	fake_lease.cause.kind = CAUSE_NO_PROVIDER;
	guarded_reg_fails(EOPNOTSUPP, "classify, take 1");
	assert_logged("has no layout leases");
}

ODP_CASE(device_without__refused)
{
	fake_odp.is_offered = false;
	no_layout_leases__refused(state);
}

ODP_CASE(device_unsound__refused)
{
	fake_odp.is_unsound = true;
	no_layout_leases__refused(state);
}

ODP_CASE(nobody_watches__refused)
{
	fake_watch_is_enabled = false;
	no_layout_leases__refused(state);
}

/* It is loaded, but another object is called. */
ODP_CASE(watch_is_not_called__refused)
{
	fake_called_is_not_sure = true;
	no_layout_leases__refused(state);
	fake_called_is_not_sure = false;
}

/* ... and the sentence says which. */
ODP_CASE(watch_is_not_called__told_by_whom)
{
	fake_called_is_not_sure = true;
	fake_config.policy.guard = GUARD_ODP;
	guarded_reg_fails(EOPNOTSUPP, "classify");
	assert_logged("/a/program calls by the name of munmap() is, or may be, in /a/libhook.so");
	fake_called_is_not_sure = false;
}

/* To find that out takes memory. */
ODP_CASE(no_memory_to_look_who_is_called__ENOMEM)
{
	fake_called_has_no_memory = true;
	fake_config.policy.guard = GUARD_ODP;
	guarded_reg_fails(ENOMEM, "classify");
	assert_logged("try again when there is more memory");
	fake_called_has_no_memory = false;
}

ODP_CASE(layout_by_policy__refused)
{
	fake_config.policy.guard = GUARD_LAYOUT;
	no_layout_leases__refused(state);
}

/* The policy for the second file wants nothing but a lease. */
ODP_CASE(one_file_by_policy__refused)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_mapping.parts[1].file.path = "/strict";
	fake_config.other_path = "/strict";
	fake_config.other_policy.guard = GUARD_LAYOUT;
	no_layout_leases__refused(state);
}

/* That is not for the policy of a file that needs no guard to decide. */
ODP_CASE(one_file_without_guard__on_demand)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_mapping.parts[1].file.path = "/open";
	fake_config.other_path = "/open";
	fake_config.other_policy.guard = GUARD_NONE;
	fake_lease.take = ALWAYS(EOPNOTSUPP);
	assert_on_demand(guarded_reg_succeeds("classify, take 1, " ON_DEMAND));
	assert_int_equal(fake_track.gmr->n_ranges, 1);
	assert_int_equal(fake_track.gmr->ranges[0].ino, 1);
}

ODP_CASE(second_file_without_leases__first_is_released)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_lease.take = ONCE_AT(2, EOPNOTSUPP);
	assert_on_demand(guarded_reg_succeeds(
		"classify, take 1, take 2, put 1, cover, prefault 1, "
		"prefault 2, adopt 7, reg_mr, prefetch for writing, classify, "
		"track"));
	assert_int_equal(fake_track.gmr->n_ranges, 2);
}

ODP_CASE(not_the_owner__EACCES)
{
	fake_lease.take = ALWAYS(EACCES);
	guarded_reg_fails(EACCES, "classify, take 1");
}

#define PINNED \
	"classify, take ordinary 1, prefault 1, adopt 7, reg_mr, held? 1, " \
	"classify, put 1"

ODP_CASE(page_cache_not_pinned__on_demand)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_provider.reg_mr = ONCE(EFAULT);
	assert_on_demand(guarded_reg_succeeds(PINNED ", " ON_DEMAND_AGAIN));
}

ODP_CASE(page_cache_not_pinned__refused)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_watch_is_enabled = false;
	fake_provider.reg_mr = ALWAYS(EFAULT);
	guarded_reg_fails(EFAULT, PINNED);
	assert_logged("since 6.5 Linux pins no pages");
}

ODP_CASE(page_cache_lease_by_policy__refused)
{
	fake_config.policy.guard = GUARD_LEASE;
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_provider.reg_mr = ALWAYS(EFAULT);
	guarded_reg_fails(EFAULT, PINNED);
}

ODP_CASE(page_cache_other_error__refused)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_provider.reg_mr = ALWAYS(EINVAL);
	guarded_reg_fails(EINVAL, "classify, take ordinary 1, prefault 1, "
				  "adopt 7, reg_mr, held? 1, put 1");
}

ODP_CASE(not_on_demand_either__refused_once)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_provider.reg_mr = ALWAYS(EFAULT);
	guarded_reg_fails(EFAULT, PINNED ", cover, prefault 1, reg_mr, classify");
	assert_int_equal(fake_lease.holders[1], 0);
}

ODP_CASE(broken_meanwhile__pinned_the_next_time)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_provider.reg_mr = ONCE(EFAULT);
	fake_lease.is_held = ONCE(EAGAIN);
	fake_retake_left = 1;
	(void)guarded_reg_succeeds(
		"classify, take ordinary 1, prefault 1, adopt 7, reg_mr, "
		"held? 1, put 1, wait, classify, take ordinary 1, prefault 1, reg_mr, "
		       "classify, track");
	assert_false(fake_track.gmr->is_on_demand);
	assert_false(fake_provider.access & IBV_ACCESS_ON_DEMAND);
}

ODP_CASE(odp_by_policy__no_lease)
{
	fake_config.policy.guard = GUARD_ODP;
	assert_on_demand(guarded_reg_succeeds("classify, " ON_DEMAND));
}

/* What the user asked for is not doubted. */
ODP_CASE(odp_by_policy__on_an_unsound_device)
{
	fake_config.policy.guard = GUARD_ODP;
	fake_odp.is_unsound = true;
	assert_on_demand(guarded_reg_succeeds("classify, " ON_DEMAND));
}

ODP_CASE(odp_by_policy__device_without_EOPNOTSUPP)
{
	fake_config.policy.guard = GUARD_ODP;
	fake_odp.is_offered = false;
	guarded_reg_fails(EOPNOTSUPP, "classify");
	assert_logged("guard=odp, but the device");
}

ODP_CASE(odp_by_policy__nobody_watches_EOPNOTSUPP)
{
	fake_config.policy.guard = GUARD_ODP;
	fake_watch_is_enabled = false;
	guarded_reg_fails(EOPNOTSUPP, "classify");
	assert_logged("libpinsafe-preload.so");
}

/* One memory region is either on demand or pinned. */
ODP_CASE(odp_for_one_file__for_all)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_mapping.parts[1].file.path = "/odp";
	fake_config.other_path = "/odp";
	fake_config.other_policy.guard = GUARD_ODP;
	assert_on_demand(guarded_reg_succeeds(
		"classify, cover, prefault 1, prefault 2, adopt 7, reg_mr, "
		"prefetch for writing, classify, track"));
	assert_int_equal(fake_track.gmr->n_ranges, 2);
}

ODP_CASE(for_reading__prefetched_so)
{
	struct ibv_mr *mr;

	fake_config.policy.guard = GUARD_ODP;
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	mr = guarded_reg(0);
	assert_non_null(mr);
	assert_record("classify, cover, prefault for reading 1, adopt 7, "
		      "reg_mr, prefetch, classify, track");
	assert_on_demand(mr);
	assert_false(fake_track.gmr->is_written);
}

ODP_CASE(mapping_changed__again)
{
	fake_config.policy.guard = GUARD_ODP;
	fake_mapping.changes_at = 2;
	fake_retake_left = 1;
	assert_on_demand(guarded_reg_succeeds(
		"classify, cover, prefault 1, adopt 7, reg_mr, "
		"prefetch for writing, classify, dereg_mr, wait, "
		"classify, " ON_DEMAND_AGAIN));
}

ODP_CASE(memory_window_bind__EOPNOTSUPP)
{
	fake_config.policy.guard = GUARD_ODP;
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_MW_BIND));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_record("classify");
}
