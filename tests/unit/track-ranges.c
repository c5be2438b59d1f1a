// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What devices may have written to, and what is on demand at an address */
#include <errno.h>
#include <stdlib.h>

#include "lib/tracked.h"

static struct guarded_mr *add(struct ibv_mr *mr, size_t n_ranges,
			      bool is_on_demand)
{
	struct guarded_mr *gmr = track_alloc(n_ranges);
	size_t i;

	assert_non_null(gmr);
	gmr->mr = mr;
	gmr->context = mr->context;
	gmr->is_written = true;
	gmr->is_on_demand = is_on_demand;
	for (i = 0; i < n_ranges; i++)
		gmr->ranges[gmr->n_ranges++] = (struct mr_range){
			.start = 0x10000 * (i + 1),
			.end = 0x10000 * (i + 1) + 0x8000,
			.dev = FAKE_DEV,
			.ino = i + 1,
		};
	for (i = 0; i < n_ranges && !is_on_demand; i++)
		gmr->leases[gmr->n_leases++] = &fake_lease.leases[i + 1];
	assert_int_equal(track_add(gmr), 0);
	return gmr;
}

/* A written region with ranges of files 1, 2... at 0x10000, 0x20000... */
static struct guarded_mr *written(struct ibv_mr *mr, size_t n_ranges)
{
	return add(mr, n_ranges, false);
}

static struct guarded_mr *on_demand(struct ibv_mr *mr, size_t n_ranges)
{
	return add(mr, n_ranges, true);
}

static struct mr_range found[8];
static size_t n_found;

static void find(struct track_query query)
{
	struct mr_range *ranges = NULL;
	size_t i;

	n_found = N_OF(found) + 1;
	assert_int_equal(track_find_written(&query, &ranges, &n_found), 0);
	assert_in_range(n_found, 0, N_OF(found));
	if (n_found)
		assert_true(track_may_be_written(query.start, query.end));
	if (n_found && !query.any_file && !query.any_inode)
		assert_true(track_may_be_written_file(query.dev, query.ino));
	for (i = 0; i < n_found; i++)
		found[i] = ranges[i];
	free(ranges);
}

static void find_file(ino_t ino)
{
	find((struct track_query){
		.dev = FAKE_DEV, .ino = ino, .end = UINTPTR_MAX });
}

static void find_addresses(uintptr_t start, uintptr_t end)
{
	find((struct track_query){
		.any_file = true, .start = start, .end = end });
}

static void assert_found_one(uintptr_t start, uintptr_t end)
{
	assert_int_equal(n_found, 1);
	assert_int_equal(found[0].start, start);
	assert_int_equal(found[0].end, end);
}

TRACKED_CASE(no_regions__nothing)
{
	find_addresses(0, UINTPTR_MAX);
	assert_int_equal(n_found, 0);
}

TRACKED_CASE(by_file__only_its_ranges)
{
	written(&tracked_mrs[0], 3);
	find_file(2);
	assert_found_one(0x20000, 0x28000);
	assert_int_equal(found[0].ino, 2);
	find_file(4);
	assert_int_equal(n_found, 0);
}

TRACKED_CASE(by_file__same_number_on_another_device)
{
	written(&tracked_mrs[0], 1);
	find((struct track_query){ .dev = 6, .ino = 1, .end = UINTPTR_MAX });
	assert_int_equal(n_found, 0);
}

TRACKED_CASE(by_device__all_its_files)
{
	written(&tracked_mrs[0], 2);
	find((struct track_query){
		.dev = FAKE_DEV, .any_inode = true, .end = UINTPTR_MAX});
	assert_int_equal(n_found, 2);
	find((struct track_query){
		.dev = 6, .any_inode = true, .end = UINTPTR_MAX});
	assert_int_equal(n_found, 0);
}

/* All holders of the lease count, also one that is about to register. */
TRACKED_CASE(only_read__if_all_holders_are)
{
	struct lease *lease = &fake_lease.leases[1];
	struct guarded_mr *read = written(&tracked_mrs[0], 1);

	read->is_written = false;
	(void)PS_LOCKED(&table_lock, lease->holders = 1);
	assert_true(track_is_only_read(FAKE_DEV, 1));
	(void)PS_LOCKED(&table_lock, lease->holders = 2);
	assert_false(track_is_only_read(FAKE_DEV, 1));
	written(&tracked_mrs[1], 1);
	assert_false(track_is_only_read(FAKE_DEV, 1));
	assert_false(track_is_only_read(6, 1));
	read->is_written = true;
}

TRACKED_CASE(by_addresses__cut_at_both_ends)
{
	written(&tracked_mrs[0], 1);
	find_addresses(0x12000, 0x14000);
	assert_found_one(0x12000, 0x14000);
	find_addresses(0, 0x14000);
	assert_found_one(0x10000, 0x14000);
	find_addresses(0x12000, UINTPTR_MAX);
	assert_found_one(0x12000, 0x18000);
	find_addresses(0, UINTPTR_MAX);
	assert_found_one(0x10000, 0x18000);
}

TRACKED_CASE(by_addresses__neighbours_are_left_out)
{
	written(&tracked_mrs[0], 1);
	find_addresses(0, 0x10000);
	assert_int_equal(n_found, 0);
	find_addresses(0x18000, UINTPTR_MAX);
	assert_int_equal(n_found, 0);
	find_addresses(0x12000, 0x12000);
	assert_int_equal(n_found, 0);
}

TRACKED_CASE(by_addresses__between_two_ranges)
{
	written(&tracked_mrs[0], 2);
	find_addresses(0x17000, 0x21000);
	assert_int_equal(n_found, 2);
	assert_int_equal(found[0].start, 0x17000);
	assert_int_equal(found[0].end, 0x18000);
	assert_int_equal(found[1].start, 0x20000);
	assert_int_equal(found[1].end, 0x21000);
}

TRACKED_CASE(several_regions__all)
{
	written(&tracked_mrs[0], 2);
	written(&tracked_mrs[1], 3);
	find_addresses(0, UINTPTR_MAX);
	assert_int_equal(n_found, 5);
	find_file(1);
	assert_int_equal(n_found, 2);
}

TRACKED_CASE(for_reading__left_out)
{
	struct guarded_mr *gmr = written(&tracked_mrs[0], 1);

	gmr->is_written = false;
	find_file(1);
	assert_int_equal(n_found, 0);
	gmr->is_written = true;
}

/* Under F_LAYOUT_WRITE: msync(2) has nothing to ask for, either. */
TRACKED_CASE(kept_by_the_kernel__left_out)
{
	struct guarded_mr *gmr = track_alloc(1);

	gmr->mr = &tracked_mrs[0];
	gmr->is_written = true;
	gmr->n_ranges = 1;
	gmr->ranges[0] = (struct mr_range){ .start = 0x10000,
					    .end = 0x11000,
					    .is_kept = true,
					    .dev = 1,
					    .ino = 1 };
	assert_int_equal(track_add(gmr), 0);
	find_addresses(0, UINTPTR_MAX);
	assert_int_equal(n_found, 0);
	assert_false(track_may_be_written(0x10000, 0x11000));
}

TRACKED_CASE(on_demand__left_out)
{
	struct guarded_mr *gmr = on_demand(&tracked_mrs[0], 1);

	find_file(1);
	assert_int_equal(n_found, 0);
	assert_false(track_is_written(gmr));
}

TRACKED_CASE(zombie__left_out)
{
	struct guarded_mr *gmr = written(&tracked_mrs[0], 1);

	assert_true(track_is_written(gmr));
	assert_ptr_equal(track_claim_context(gmr->context, 1), gmr);
	track_claim_done(gmr, true);
	assert_false(track_is_written(gmr));
	find_file(1);
	assert_int_equal(n_found, 0);
}

/* The device writes until the kernel's side is gone. */
TRACKED_CASE(being_deregistered__still_found)
{
	struct guarded_mr *gmr = written(&tracked_mrs[0], 1);

	assert_int_equal(track_begin_dereg(gmr->mr, &gmr), 0);
	find_file(1);
	assert_found_one(0x10000, 0x18000);
	track_keep(gmr);
}

/* Each time in a round of its own */
static struct guarded_mr *claim_on_demand(uintptr_t start, uintptr_t end)
{
	static uint64_t round_number;

	return track_claim_on_demand(start, end, ++round_number);
}

TRACKED_CASE(claim__by_any_of_its_addresses)
{
	struct guarded_mr *gmr = on_demand(&tracked_mrs[0], 2);

	assert_ptr_equal(claim_on_demand(0x27fff, 0x28000), gmr);
	assert_int_equal(tracked_state(gmr), MR_REVOKING);
	track_claim_done(gmr, false);
	assert_ptr_equal(claim_on_demand(0, 0x10001), gmr);
	track_claim_done(gmr, false);
	assert_ptr_equal(claim_on_demand(0, UINTPTR_MAX), gmr);
	track_claim_done(gmr, false);
}

TRACKED_CASE(claim__not_by_a_neighbour)
{
	on_demand(&tracked_mrs[0], 2);
	assert_null(claim_on_demand(0, 0x10000));
	assert_null(claim_on_demand(0x18000, 0x20000));
	assert_null(claim_on_demand(0x28000, UINTPTR_MAX));
}

TRACKED_CASE(claim__pinned_ones_stay)
{
	written(&tracked_mrs[0], 1);
	assert_null(claim_on_demand(0, UINTPTR_MAX));
}

TRACKED_CASE(claim__all_together_each_once)
{
	struct guarded_mr *first, *second;

	on_demand(&tracked_mrs[0], 1);
	on_demand(&tracked_mrs[1], 1);
	on_demand(&tracked_mrs[2], 1)->ranges[0].start = 0x12000;
	first = claim_on_demand(0x10000, 0x11000);
	assert_non_null(first);
	second = first->next;
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	assert_null(second->next);
	assert_null(claim_on_demand(0x10000, 0x11000));
	track_claim_done(first, true);
	track_claim_done(second, true);
	assert_null(claim_on_demand(0x10000, 0x11000));
	tracked_counts(1, 2);
}

TRACKED_CASE(claim__once_in_a_round)
{
	struct guarded_mr *gmr = on_demand(&tracked_mrs[0], 1);

	assert_ptr_equal(track_claim_on_demand(0x10000, 0x11000, 2000), gmr);
	track_claim_done(gmr, false);
	assert_null(track_claim_on_demand(0x10000, 0x11000, 2000));
	assert_ptr_equal(track_claim_on_demand(0x10000, 0x11000, 2001), gmr);
	track_claim_done(gmr, false);
}

TRACKED_CASE(claim__not_what_is_being_deregistered)
{
	struct guarded_mr *gmr = on_demand(&tracked_mrs[0], 1);

	assert_int_equal(track_begin_dereg(gmr->mr, &gmr), 0);
	assert_null(claim_on_demand(0x10000, 0x11000));
	track_keep(gmr);
}

/* Of one page, of some MiB, and of so much that it is counted in GiB */
TRACKED_CASE(may_be_written__until_it_is_gone)
{
	static const size_t lengths[] = { 0x1000, 3 << 20, 5ul << 30 };
	const uintptr_t start = 0x7f0000001000;
	struct guarded_mr *gmr;
	size_t i;

	for (i = 0; i < N_OF(lengths); i++) {
		gmr = track_alloc(1);
		assert_non_null(gmr);
		gmr->mr = &tracked_mrs[0];
		gmr->context = gmr->mr->context;
		gmr->is_written = true;
		gmr->n_ranges = 1;
		gmr->ranges[0].start = start;
		gmr->ranges[0].end = start + lengths[i];
		gmr->ranges[0].dev = FAKE_DEV;
		gmr->ranges[0].ino = 7;
		pinsafe_private_is_written = false;
		assert_int_equal(track_add(gmr), 0);
		assert_true(pinsafe_private_is_written);
		assert_true(track_may_be_written_file(FAKE_DEV, 7));
		assert_false(track_may_be_written_file(FAKE_DEV, 8));
		assert_false(track_may_be_written_file(FAKE_DEV + 1, 7));
		assert_true(track_may_be_written(start, start + 1));
		assert_true(track_may_be_written(start + lengths[i] - 1,
						 start + lengths[i]));
		assert_true(track_may_be_written(0, UINTPTR_MAX));
		assert_false(track_may_be_written(
			start - (4ul << 30), start - (4ul << 30) + (8 << 20)));
		assert_false(track_may_be_written(start, start));
		track_begin_dereg(gmr->mr, &gmr);
		track_remove(gmr);
		track_free(gmr);
		assert_false(track_may_be_written(0, UINTPTR_MAX));
		assert_false(track_may_be_written_file(FAKE_DEV, 7));
	}
}

/* The next page of a file is another's matter. */
TRACKED_CASE(may_be_written__not_the_next_page)
{
	written(&tracked_mrs[0], 1);
	assert_true(track_may_be_written(0x17000, 0x18000));
	assert_false(track_may_be_written(0x18000, 0x19000));
	assert_false(track_may_be_written(0xf000, 0x10000));
	assert_true(track_may_be_written(0xf000, 0x10001));
}
