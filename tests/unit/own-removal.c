// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The program takes pages of its own file away: ordinary leases, which the kernel
 * does not break then, are given up first.
 */
#include <errno.h>
#include <string.h>

#include "lease.h"
#include "lib/ordinary.h"
#include "preload/private.h"
#include "watch.h"

static int setup(void **state)
{
	watch_enable();
	return ordinary_setup(state);
}

#define REMOVAL_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

REMOVAL_CASE(lease__revoked_first)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	struct lease_barrier barrier;

	record_clear();
	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, false, &barrier),
			 0);
	assert_record("destroy 0, unlock a");
	assert_false(fake_lease_exists(STACK_A));
	pinsafe_private_removal_end(&barrier);
	/* Not somebody else, who might be looked for */
	assert_non_null(strstr(stack_log(), "because the program itself takes"));
	stack_dereg_ok(mr);
}

REMOVAL_CASE(lease_of_other_file__stays)
{
	struct ibv_mr *mr = stack_reg_file(STACK_B);
	struct lease_barrier barrier;

	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, false, &barrier),
			 0);
	pinsafe_private_removal_end(&barrier);
	assert_true(fake_lease_exists(STACK_B));
	assert_int_equal(stack_stats().breaks, 0);
	stack_dereg_ok(mr);
}

REMOVAL_CASE(meanwhile__no_new_lease)
{
	struct lease_barrier barrier;

	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, false, &barrier),
			 0);
	ordinary_refused(EAGAIN, "");
	pinsafe_private_removal_end(&barrier);
	stack_dereg_ok(stack_reg_file(STACK_A));
}

REMOVAL_CASE(two_at_a_time__until_both_are_over)
{
	struct lease_barrier first, second;

	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, false, &first), 0);
	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, false, &second),
			 0);
	pinsafe_private_removal_end(&first);
	ordinary_refused(EAGAIN, "");
	pinsafe_private_removal_end(&second);
	stack_dereg_ok(stack_reg_file(STACK_A));
}

REMOVAL_CASE(not_revoked__ETXTBSY)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	struct lease_barrier barrier;

	fake_kernel_mr_stick(mr, -1, EBUSY);
	errno = E2BIG;
	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, false, &barrier),
			 ETXTBSY);
	assert_int_equal(errno, E2BIG);
	assert_true(fake_lease_exists(STACK_A));
	fake_kernel_mr_stick(NULL, 0, 0);
	stack_dereg_ok(mr);
}

/* The kernel breaks it, whoever does it. */
REMOVAL_CASE(layout_lease__left_alone)
{
	struct lease_barrier barrier;
	struct ibv_mr *mr;

	fake_statx_is_dax = true;
	mr = stack_reg_file(STACK_A);
	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, false, &barrier),
			 0);
	assert_true(fake_lease_exists(STACK_A));
	pinsafe_private_removal_end(&barrier);
	assert_int_equal(stack_stats().breaks, 0);
	stack_dereg_ok(mr);
}

int main(void)
{
	return ordinary_run();
}
