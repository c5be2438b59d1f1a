// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* pinsafe_get_stats(): what is counted where */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/stack_api.h"

static struct pinsafe_reg_attr attr;

static int setup(void **state)
{
	stack_setup(state);
	attr = stack_attr(STACK_A);
	return 0;
}

#define COUNTER_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

COUNTER_CASE(registrations__by_guard)
{
	struct pinsafe_stats now;
	struct ibv_mr *mrs[3];
	size_t i;

	mrs[0] = stack_reg_attr(&attr);
	attr.comp_mask = PINSAFE_REG_GUARD;
	attr.guard = PINSAFE_GUARD_NONE;
	mrs[1] = stack_reg_attr(&attr);
	attr.addr = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	attr.length = page_size();
	mrs[2] = stack_reg_attr(&attr);
	now = stack_stats();
	assert_int_equal(now.registrations, 1);
	assert_int_equal(now.registered_layout, 1);
	assert_int_equal(now.registered_lease, 0);
	assert_int_equal(now.registered_odp, 0);
	assert_int_equal(now.unprotected, 1);
	for (i = 0; i < N_OF(mrs); i++)
		stack_dereg_ok(mrs[i]);
	munmap(attr.addr, page_size());
}

COUNTER_CASE(refusals__by_cause)
{
	const int errors[] = {EACCES, EPERM, EBUSY, ENOSPC, ENOMEM};
	struct pinsafe_stats now;
	size_t i;

	for (i = 0; i < N_OF(errors); i++) {
		fake_fcntl.set_lease = ALWAYS(errors[i]);
		assert_int_equal(stack_reg_refused(&attr), errors[i]);
	}
	attr.access |= IBV_ACCESS_MW_BIND;
	assert_int_equal(stack_reg_refused(&attr), EOPNOTSUPP);
	now = stack_stats();
	assert_int_equal(now.refusals, 6);
	assert_int_equal(now.refused_permission, 2);
	assert_int_equal(now.refused_busy, 1);
	assert_int_equal(now.refused_space, 1);
	assert_int_equal(now.refused_unsupported, 1);
	assert_int_equal(now.refused_other, 1);
}

COUNTER_CASE(bytes__of_those_alive)
{
	const size_t page = page_size();
	struct ibv_mr *first, *second;

	assert_int_equal(stack_stats().bytes_guarded, 0);
	first = stack_reg_attr(&attr);
	attr.length = page + 1;
	second = stack_reg_attr(&attr);
	assert_int_equal(stack_stats().bytes_guarded,
			 (STACK_PAGES + 1) * page + 1);
	stack_dereg_ok(first);
	assert_int_equal(stack_stats().bytes_guarded, page + 1);
	stack_break(STACK_A);
	assert_int_equal(stack_stats().bytes_guarded, 0);
	stack_dereg_ok(second);
	assert_int_equal(stack_stats().bytes_guarded, 0);
}

static uint64_t in_histogram(const struct pinsafe_stats *now)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < N_OF(now->revoke_histogram); i++)
		n += now->revoke_histogram[i];
	return n;
}

static bool is_in_histogram(void *arg)
{
	struct pinsafe_stats now = stack_stats();

	return in_histogram(&now) >= *(uint64_t *)arg;
}

COUNTER_CASE(break_time__in_one_bucket_each)
{
	uint64_t n = 1;
	struct ibv_mr *mr = stack_reg_attr(&attr);

	stack_break(STACK_A);
	assert_true(wait_until(is_in_histogram, &n));
	stack_dereg_ok(mr);
	/* 64 ms at least, and surely less than 4 s */
	attr.comp_mask = PINSAFE_REG_GRACE;
	attr.grace_ms = 70;
	mr = stack_reg_attr(&attr);
	stack_break(STACK_A);
	n++;
	assert_true(wait_until(is_in_histogram, &n));
	assert_int_equal(stack_stats().breaks, 2);
	assert_true(stack_stats().last_revoke_ns >= 70 * NSEC_PER_MSEC);
	assert_true(stack_stats().revoke_histogram[4] +
			    stack_stats().revoke_histogram[5] +
			    stack_stats().revoke_histogram[6] >=
		    1);
	stack_dereg_ok(mr);
}

/* The unit of the function that sorts them in */
COUNTER_CASE(histogram__bounds)
{
	const uint64_t ms[] = {1, 4, 16, 64, 256, 1024, 4096};
	size_t i;

	for (i = 0; i < N_OF(ms); i++) {
		stats_add_revoke(ms[i] * NSEC_PER_MSEC - 1, 0);
		assert_int_equal(stack_stats().revoke_histogram[i], 1);
		stats_add_revoke(ms[i] * NSEC_PER_MSEC, 0);
		assert_int_equal(stack_stats().revoke_histogram[i], 1);
		assert_int_equal(stack_stats().revoke_histogram[i + 1], 1);
		stats.revoke_histogram[i + 1]--;
	}
	stats_add_revoke(UINT64_MAX, 0);
	assert_int_equal(stack_stats().revoke_histogram[7], 1);
}

COUNTER_CASE(margin__the_least)
{
	stats_set(least_margin_ns, UINT64_MAX);
	stats_add_revoke(5, 0);
	assert_int_equal(stack_stats().least_margin_ns, UINT64_MAX);
	stats_add_revoke(30, 100);
	assert_int_equal(stack_stats().least_margin_ns, 70);
	stats_add_revoke(20, 100);
	assert_int_equal(stack_stats().least_margin_ns, 70);
	stats_add_revoke(101, 100);
	assert_int_equal(stack_stats().least_margin_ns, 0);
	stats_set(least_margin_ns, UINT64_MAX);
}

COUNTER_CASE(retake__counted_if_it_waited)
{
	struct ibv_mr *mr = stack_reg_attr(&attr), *again;

	stack_break(STACK_A);
	assert_int_equal(pinsafe_mr_restore(mr, -1, 0, &again), 0);
	assert_int_equal(stack_stats().retakes, 0);
	stack_dereg_ok(again);
	stack_dereg_ok(mr);
}
