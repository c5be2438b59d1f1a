// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What others do to an ordinary lease through its open file description, which is
 * the program's as well: it is not said of the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/sys.h"
#include "lib/ordinary.h"

static bool has_no_lease(void *arg)
{
	return stack_stats().leases == 0;
}

/* The keeper's lines are written with the next answer at the latest. */
static void end_and_have_it_told(struct ibv_mr *mr)
{
	assert_true(wait_until(has_no_lease, NULL));
	stack_dereg_ok(mr);
	stack_dereg_ok(stack_reg_file(STACK_A));
}

/* By F_UNLCK: the kernel itself takes none away so soon. */
ORDINARY_CASE(given_back_by_description__is_told_as_that)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETLEASE, F_UNLCK), 0);
	end_and_have_it_told(mr);
	assert_int_equal(stack_stats().lost_leases, 1);
	assert_non_null(strstr(
		stack_log(),
		"had given it back: WHAT DEVICES WROTE SINCE THEN MAY BE LOST"));
	assert_non_null(strstr(stack_log(), "broken, because it was given back"));
	assert_null(strstr(stack_log(), "lease-break-time"));
}

ORDINARY_CASE(given_back_during_the_break__is_told_as_that)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_kernel_mr_stick(mr, UINT_MAX, EBUSY);
	fake_break_begin(STACK_A);
	stack_wait_for_breaks(1);
	fake_lease_expire(STACK_A);
	fake_kernel_mr_stick(mr, 0, 0);
	fake_break_end(STACK_A);
	end_and_have_it_told(mr);
	assert_non_null(strstr(stack_log(), "had given it back"));
}

/* It is there all the same, though nobody was signalled: nothing is lost. */
ORDINARY_CASE(signal_changed_by_program__lease_is_not_lost)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETSIG, 0), 0);
	fake_break_begin(STACK_A);
	assert_int_equal(fake_fcntl.n_unarmed, 1);
	fake_fcntl.n_unarmed = 0;
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	end_and_have_it_told(mr);
	assert_int_equal(stack_stats().lost_leases, 0);
	assert_null(strstr(stack_log(), "MAY BE LOST"));
}

int main(void)
{
	return ordinary_run();
}
