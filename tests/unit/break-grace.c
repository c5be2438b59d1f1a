// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* grace_ms: time for the program while somebody waits, and none if nobody does */
#include <stdlib.h>

#include "lib/stack.h"

/* Longer than anything here may take, if lease-break-time is what it is */
#define GRACE_MS "600000"

static bool nothing_registered(void *arg)
{
	return fake_kernel_mr_count() == 0;
}

STACK_CASE(broken__time_for_the_program)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_break_begin(STACK_A);
	stack_wait_for_breaks(1);
	/* When this comes back the keeper has looked at all leases. */
	stack_dereg_ok(stack_reg_file(STACK_B));
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
}

STACK_CASE(lease_gone__revoked_at_once)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_lease_expire(STACK_A);
	assert_true(wait_until(nothing_registered, NULL));
	stack_dereg_ok(mr);
}

STACK_CASE(gone_while_the_program_has_time__the_same)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_break_begin(STACK_A);
	stack_wait_for_breaks(1);
	fake_lease_expire(STACK_A);
	fake_break_end(STACK_A);
	assert_true(wait_until(nothing_registered, NULL));
	stack_dereg_ok(mr);
}

int main(void)
{
	setenv("PINSAFE_GRACE_MS", GRACE_MS, 1);
	return run_cases();
}
