// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a memory region was registered with is the same whether its entry says it
 * all or more is needed; and how much memory an entry takes.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tracked.h"

#define START 0x10000ul
#define LENGTH 0x3000ul

static struct ibv_pd pd;

static struct guarded_mr *new_over(size_t n_ranges)
{
	struct guarded_mr *gmr = track_alloc(n_ranges);
	size_t i;

	assert_non_null(gmr);
	gmr->mr = &tracked_mrs[0];
	gmr->pd = &pd;
	gmr->access = IBV_ACCESS_LOCAL_WRITE;
	gmr->grace_ms = 70;
	gmr->n_ranges = n_ranges;
	for (i = 0; i < n_ranges; i++) {
		gmr->ranges[i].start = START + i * LENGTH / n_ranges;
		gmr->ranges[i].end = START + (i + 1) * LENGTH / n_ranges;
	}
	return gmr;
}

static struct mr_params params_of_all(void)
{
	return (struct mr_params){
		.pd = &pd,
		.addr = (void *)START,
		.length = LENGTH,
		.iova = START,
		.access = IBV_ACCESS_LOCAL_WRITE,
		.options.grace_ms = 70,
	};
}

static void assert_says(struct guarded_mr *gmr,
			const struct mr_params *expected)
{
	struct mr_params params;

	assert_int_equal(track_set_params(gmr, expected), 0);
	assert_true(track_params(gmr, &params));
	assert_ptr_equal(params.pd, expected->pd);
	assert_ptr_equal(params.addr, expected->addr);
	assert_int_equal(params.length, expected->length);
	assert_int_equal(params.iova, expected->iova);
	assert_int_equal(params.access, expected->access);
	assert_int_equal(params.options.mask, expected->options.mask);
	assert_int_equal(params.options.guard, expected->options.guard);
	assert_int_equal(params.options.grace_ms, expected->options.grace_ms);
	assert_int_equal(params.options.prefault_threads,
			 expected->options.prefault_threads);
	assert_ptr_equal(params.options.progress, expected->options.progress);
	assert_ptr_equal(params.options.user_data, expected->options.user_data);
	assert_false(track_source(gmr));
	track_free(gmr);
}

#define PARAMS_CASE(fn) CASE_WITH(fn, tracked_setup, tracked_teardown)

PARAMS_CASE(its_only_range__needs_no_more)
{
	struct mr_params params = params_of_all();
	struct guarded_mr *gmr = new_over(1);

	assert_int_equal(track_set_params(gmr, &params), 0);
	assert_null(gmr->more);
	assert_says(gmr, &params);
}

PARAMS_CASE(other_address_or_length__kept)
{
	struct mr_params params = params_of_all();

	params.addr = (void *)(START - 0x1000);
	params.iova = START - 0x1000;
	assert_says(new_over(1), &params);
	params = params_of_all();
	params.length++;
	assert_says(new_over(1), &params);
	params = params_of_all();
	params.iova = 0;
	assert_says(new_over(1), &params);
	assert_says(new_over(2), &params);
	assert_says(new_over(0), &params);
}

static int no_progress(size_t done, size_t total, void *user_data)
{
	return 0;
}

PARAMS_CASE(wishes__kept)
{
	struct mr_params params = params_of_all();

	params.options.mask = PINSAFE_REG_GRACE;
	assert_says(new_over(1), &params);
	params.options.mask = PINSAFE_REG_PREFAULT_THREADS;
	params.options.prefault_threads = 7;
	assert_says(new_over(1), &params);
	params = params_of_all();
	params.options.guard = PINSAFE_GUARD_LAYOUT;
	assert_says(new_over(1), &params);
	params = params_of_all();
	params.options.progress = no_progress;
	params.options.user_data = &params;
	assert_says(new_over(1), &params);
}

PARAMS_CASE(nobody_knows__says_so)
{
	struct guarded_mr *gmr = new_over(2);
	struct mr_params params;

	assert_false(track_params(gmr, &params));
	track_free(gmr);
	gmr = new_over(1);
	gmr->pd = NULL;
	assert_false(track_params(gmr, &params));
	track_free(gmr);
}

/* With what the allocator keeps for itself */
PARAMS_CASE(one_range__200_bytes)
{
	enum { N = 10000 };
	struct ibv_mr *mrs = calloc(N, sizeof(*mrs));
	struct mr_params params = params_of_all();
	struct guarded_mr *gmr;
	size_t before, i;

	assert_non_null(mrs);
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (i = 0; i < N; i++) {
		mrs[i].context = &tracked_contexts[0];
		mrs[i].lkey = mrs[i].rkey = i;
		gmr = new_over(1);
		gmr->mr = &mrs[i];
		gmr->context = &tracked_contexts[0];
		gmr->n_leases = 1;
		gmr->leases[0] = &fake_lease.leases[0];
		assert_int_equal(track_set_params(gmr, &params), 0);
		assert_int_equal(track_add(gmr), 0);
	}
	print_message("%zu bytes\n",
		      (mallinfo2().uordblks + mallinfo2().hblkhd - before) / N);
	assert_true(mallinfo2().uordblks + mallinfo2().hblkhd - before <=
		    200ul * N);
	tracked_teardown(state);
	free(mrs);
}
