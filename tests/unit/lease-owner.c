// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A process that is not the owner of the file any more: it cannot release its
 * ordinary lease, nor take one, but it can go on with the one that it has.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/ordinary.h"

/* After setuid(2), or chown(2) of the file (ceph#28012) */
ORDINARY_CASE(owner_no_more__says_that_it_stays)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	if (geteuid())
		skip();
	assert_int_equal(chown(STACK_A->path, 1, 1), 0);
	fake_fcntl.unlock_errno = EACCES;
	stack_dereg_ok(mr);
	assert_true(fake_lease_exists(STACK_A));
	assert_non_null(strstr(
		stack_log(),
		"CANNOT BE RELEASED: the process is not the owner"));
	assert_null(strstr(stack_log(), "lease released after"));
	fake_lease_expire(STACK_A);
}

/* A sandbox has come to forbid it. */
ORDINARY_CASE(owner_still__says_what_forbids_it)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_fcntl.unlock_errno = EPERM;
	stack_dereg_ok(mr);
	assert_non_null(strstr(
		stack_log(),
		"CANNOT BE RELEASED, because fcntl(2) with F_SETLEASE fails with EPERM; "));
	assert_non_null(strstr(stack_log(), "; a sandbox forbids it"));
	assert_null(strstr(stack_log(), "CAP_LEASE"));
	assert_null(strstr(stack_log(), "lease released after"));
	fake_lease_expire(STACK_A);
}

static void kept(void)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_fcntl.unlock_errno = EACCES;
	stack_dereg_ok(mr);
	record_clear();
}

/* A signal of it would go on to the program, and kill it. */
ORDINARY_CASE(owner_no_more__nobody_is_signalled)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_fcntl.unlock_errno = EACCES;
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, no owner a");
	fake_break_begin(STACK_A);
	assert_int_equal(fake_fcntl.n_unarmed, 1);
	fake_fcntl.n_unarmed = 0;
	fake_lease_expire(STACK_A);
	fake_break_end(STACK_A);
}

static bool is_one_revoked(void *arg)
{
	return stack_stats().revoked_mrs == 1;
}

/* Though the kernel would not grant it */
ORDINARY_CASE(owner_no_more__the_one_that_stays_is_taken_again)
{
	struct ibv_mr *mr;

	kept();
	fake_fcntl.set_lease = ALWAYS(EACCES);
	mr = stack_reg_file(STACK_A);
	assert_record("signal a, owner a, reg_mr");
	record_clear();
	/* The keeper has it under another number than the signal names. */
	fake_break_begin(STACK_A);
	assert_true(wait_until(is_one_revoked, NULL));
	stack_dereg_ok(mr);
	fake_lease_expire(STACK_A);
	fake_break_end(STACK_A);
}

/* By chown(2): then the signal names the right descriptor, too. */
ORDINARY_CASE(owner_again__taken_again_and_released)
{
	struct ibv_mr *mr;

	kept();
	fake_fcntl.unlock_errno = 0;
	mr = stack_reg_file(STACK_A);
	assert_record(TAKE("write") ", reg_mr");
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock a");
	assert_false(fake_is_armed(STACK_A));
}

ORDINARY_CASE(owner_no_more__lease_gone__EACCES)
{
	kept();
	fake_lease_expire(STACK_A);
	ordinary_lease_fails(EACCES, EACCES);
}

int main(void)
{
	return ordinary_run();
}
