// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a break leads to, in order: every memory region over the file is
 * destroyed before its lease goes.
 */
#include <string.h>

#include "lib/stack.h"

/* No MR may be over the file when its lease goes. */
static void check_unlock(const struct file *file)
{
	size_t size = STACK_PAGES * page_size();

	if (fake_kernel_mr_covers(stack_addr + (file - stack_files) * size,
				  size))
		record("MR alive at");
}

static int setup(void **state)
{
	stack_setup(state);
	fake_fcntl.on_unlock = check_unlock;
	return 0;
}

#define BREAK_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

static bool was_timed(void *arg)
{
	return stack_stats().last_revoke_ns > 0;
}

BREAK_CASE(one_mr__destroyed_before_unlock)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	assert_int_equal(stack_stats().breaks, 1);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	assert_int_equal(stack_stats().guarded_mrs, 0);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	assert_true(wait_until(was_timed, NULL));
	stack_dereg_ok(mr);
}

BREAK_CASE(several_mrs__all_before_unlock)
{
	struct ibv_mr *mrs[3];
	size_t i;

	for (i = 0; i < N_OF(mrs); i++)
		mrs[i] = stack_reg(&stack_device, i, 1);
	record_clear();
	stack_break(STACK_A);
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_null(strstr(record_text(), "MR alive"));
	assert_string_equal(record_text() + strlen(record_text()) - 8,
			    "unlock a");
	assert_int_equal(stack_stats().revoked_mrs, 3);
	for (i = 0; i < N_OF(mrs); i++)
		stack_dereg_ok(mrs[i]);
}

BREAK_CASE(zombie__dereg_stays_away_from_the_kernel)
{
	struct ibv_mr *zombie = stack_reg_file(STACK_A), *mr;

	stack_break(STACK_A);
	/* It gets the handle that the zombie had. */
	mr = stack_reg_file(STACK_A);
	assert_int_equal(mr->handle, zombie->handle);
	record_clear();
	stack_dereg_ok(zombie);
	assert_record("dereg_mr");
	assert_int_equal(stack_stats().zombie_mrs, 0);
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock a");
}

BREAK_CASE(other_file__not_touched)
{
	struct ibv_mr *a = stack_reg_file(STACK_A);
	struct ibv_mr *b = stack_reg_file(STACK_B);

	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	assert_true(fake_lease_exists(STACK_B));
	assert_int_equal(stack_stats().guarded_mrs, 1);
	stack_dereg_ok(a);
	stack_dereg_ok(b);
}

static bool has_no_lease(void *arg)
{
	return stack_stats().leases == 0;
}

BREAK_CASE(mr_over_two_files__both_leases_go)
{
	struct ibv_mr *mr = stack_reg(&stack_device, STACK_PAGES - 1, 2);

	record_clear();
	stack_break(STACK_A);
	assert_true(wait_until(has_no_lease, NULL));
	assert_null(strstr(record_text(), "MR alive"));
	assert_non_null(strstr(record_text(), "unlock b"));
	assert_int_equal(stack_stats().breaks, 1);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

/* One of the second file, another of both: only the latter has to go. */
BREAK_CASE(mr_over_two_files__other_holder_stays)
{
	struct ibv_mr *both = stack_reg(&stack_device, STACK_PAGES - 1, 2);
	struct ibv_mr *b = stack_reg_file(STACK_B);

	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	assert_true(fake_lease_exists(STACK_B));
	stack_dereg_ok(both);
	stack_dereg_ok(b);
	assert_record("dereg_mr, dereg_mr, destroy 1, unlock b");
}

BREAK_CASE(both_files_broken__one_revoke)
{
	struct ibv_mr *mr = stack_reg(&stack_device, STACK_PAGES - 1, 2);

	fake_break_begin(STACK_A);
	fake_break_begin(STACK_B);
	assert_true(fake_break_wait(STACK_A));
	assert_true(fake_break_wait(STACK_B));
	fake_break_end(STACK_A);
	fake_break_end(STACK_B);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

BREAK_CASE(after_a_break__taken_armed_again)
{
	struct ibv_mr *first = stack_reg_file(STACK_A), *second;

	stack_break(STACK_A);
	record_clear();
	second = stack_reg_file(STACK_A);
	assert_record("signal a, owner a, lease a, reg_mr");
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	assert_int_equal(stack_stats().breaks, 2);
	stack_dereg_ok(first);
	stack_dereg_ok(second);
}

BREAK_CASE(signal_lost__found_by_the_scan)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_fcntl.loses_signals = true;
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

/* The kernel has removed the lease: too late, but the MR must go. */
BREAK_CASE(lease_expired__found_by_the_scan)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_lease_expire(STACK_A);
	stack_wait_for_breaks(1);
	assert_true(wait_until(has_no_lease, NULL));
	assert_record("destroy 0");
	assert_int_equal(stack_stats().zombie_mrs, 1);
	stack_dereg_ok(mr);
}

BREAK_CASE(break__is_logged)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	stack_break(STACK_A);
	assert_true(wait_until(has_no_lease, NULL));
	/* The line is written after the release; another call comes later. */
	stack_dereg_ok(mr);
	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_non_null(strstr(stack_log(), STACK_A->path));
	assert_non_null(strstr(stack_log(), "1 memory region(s) revoked"));
}
