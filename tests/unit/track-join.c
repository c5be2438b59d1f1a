// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The guards of two memories on one memory region, each lease and range once */
#include "lib/tracked.h"

static struct guarded_mr *old, *new, *both;

static void add_range(struct guarded_mr *gmr, uintptr_t start, ino_t ino)
{
	gmr->ranges[gmr->n_ranges++] = (struct mr_range){
		.start = start,
		.end = start + 0x1000,
		.ino = ino,
	};
}

static struct guarded_mr *with_lease(int lease)
{
	struct guarded_mr *gmr = track_alloc(2);

	assert_non_null(gmr);
	gmr->mr = &tracked_mrs[0];
	gmr->context = &tracked_contexts[0];
	gmr->leases[gmr->n_leases++] = &fake_lease.leases[lease];
	fake_lease.holders[lease]++;
	add_range(gmr, 0x1000 * lease, lease);
	return gmr;
}

static void join(int old_lease, int new_lease)
{
	old = with_lease(old_lease);
	new = with_lease(new_lease);
}

static int teardown(void **state)
{
	track_free(old);
	track_free(new);
	track_free(both);
	return tracked_teardown(state);
}

#define JOIN_CASE(fn) CASE_WITH(fn, tracked_setup, teardown)

JOIN_CASE(two_files__both_leases)
{
	join(1, 2);
	both = track_join(old, new);
	assert_int_equal(both->n_leases, 2);
	assert_int_equal(both->n_ranges, 2);
	assert_true(track_holds(both, old->leases[0]));
	assert_true(track_holds(both, new->leases[0]));
	track_join_put(old, new);
	assert_int_equal(fake_lease.holders[1], 1);
	assert_int_equal(fake_lease.holders[2], 1);
}

JOIN_CASE(one_file__one_lease)
{
	join(1, 1);
	both = track_join(old, new);
	assert_int_equal(both->n_leases, 1);
	assert_int_equal(both->n_ranges, 1);
	track_join_put(old, new);
	assert_int_equal(fake_lease.holders[1], 1);
}

JOIN_CASE(one_file__ranges_of_both)
{
	join(1, 1);
	add_range(new, 0x5000, 1);
	both = track_join(old, new);
	assert_int_equal(both->n_leases, 1);
	assert_int_equal(both->n_ranges, 2);
	assert_int_equal(both->ranges[1].start, 0x5000);
}

JOIN_CASE(either_is_written__both_are)
{
	join(1, 2);
	old->is_written = true;
	both = track_join(old, new);
	assert_true(both->is_written);
}

JOIN_CASE(new_has_no_guard__that_of_the_old)
{
	join(1, 2);
	new->n_leases = new->n_ranges = 0;
	both = track_join(old, new);
	assert_int_equal(both->n_leases, 1);
	assert_int_equal(both->n_ranges, 1);
	assert_ptr_equal(both->leases[0], old->leases[0]);
}
