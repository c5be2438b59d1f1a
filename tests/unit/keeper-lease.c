// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* One lease per file: taken armed, shared, released with its last holder */
#include <errno.h>
#include <fcntl.h>

#include "lib/stack.h"

#define TAKE_A "signal a, owner a, lease a"
#define TAKE_B "signal b, owner b, lease b"

STACK_CASE(first_mr__takes_it_armed)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_record(TAKE_A ", reg_mr");
	assert_int_equal(stack_stats().leases, 1);
	assert_int_equal(stack_stats().guarded_mrs, 1);
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock a");
	assert_int_equal(stack_stats().leases, 0);
}

STACK_CASE(second_mr__shares_it)
{
	struct ibv_mr *first = stack_reg_file(STACK_A);
	struct ibv_mr *second = stack_reg_file(STACK_A);

	assert_record(TAKE_A ", reg_mr, reg_mr");
	assert_int_equal(stack_stats().leases, 1);
	stack_dereg_ok(first);
	assert_record("dereg_mr, destroy 0");
	stack_dereg_ok(second);
	assert_record("dereg_mr, destroy 1, unlock a");
}

STACK_CASE(two_files__a_lease_each)
{
	struct ibv_mr *first = stack_reg_file(STACK_A);
	struct ibv_mr *second = stack_reg_file(STACK_B);

	assert_record(TAKE_A ", reg_mr, " TAKE_B ", reg_mr");
	assert_int_equal(stack_stats().leases, 2);
	stack_dereg_ok(second);
	stack_dereg_ok(first);
	assert_record("dereg_mr, destroy 1, unlock b, "
		      "dereg_mr, destroy 0, unlock a");
}

STACK_CASE(mr_over_two_files__both)
{
	struct ibv_mr *mr = stack_reg(&stack_device, STACK_PAGES - 1, 2);

	assert_non_null(mr);
	assert_record(TAKE_A ", " TAKE_B ", reg_mr");
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock b, unlock a");
}

STACK_CASE(released__taken_armed_again)
{
	stack_dereg_ok(stack_reg_file(STACK_A));
	record_clear();
	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_record(TAKE_A ", reg_mr, dereg_mr, destroy 0, unlock a");
}

static void refused(int kernel_errno, int error)
{
	fake_fcntl.set_lease = ALWAYS(kernel_errno);
	errno = 0;
	assert_null(stack_reg(&stack_device, 0, 1));
	assert_int_equal(errno, error);
	assert_record("signal a, owner a");
	assert_int_equal(stack_stats().leases, 0);
	assert_int_equal(stack_stats().refusals, 1);
}

STACK_CASE(no_layout_leases__EOPNOTSUPP)
{
	refused(EINVAL, EOPNOTSUPP);
}

STACK_CASE(not_the_owner__EACCES)
{
	refused(EACCES, EACCES);
}

STACK_CASE(no_memory__ENOMEM)
{
	refused(ENOMEM, ENOMEM);
}

STACK_CASE(second_file_refused__first_is_released)
{
	fake_fcntl.set_lease = ONCE_AT(2, EACCES);
	errno = 0;
	assert_null(stack_reg(&stack_device, STACK_PAGES - 1, 2));
	assert_int_equal(errno, EACCES);
	assert_record(TAKE_A ", signal b, owner b, unlock a");
}

STACK_CASE(register_fails__released)
{
	fake_provider.reg_mr = ALWAYS(ENOMEM);
	errno = 0;
	assert_null(stack_reg(&stack_device, 0, 1));
	assert_int_equal(errno, ENOMEM);
	assert_record(TAKE_A ", reg_mr, unlock a");
}

STACK_CASE(dereg_fails__kept)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_kernel_mr_stick(mr, 1, EBUSY);
	assert_int_equal(stack_dereg(mr), EBUSY);
	assert_record("dereg_mr");
	assert_int_equal(stack_stats().guarded_mrs, 1);
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock a");
}
