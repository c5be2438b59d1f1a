// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Memory regions that cannot be destroyed: their lease stays, everything else
 * goes, and it is tried again until it succeeds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/stack.h"

static void fails(unsigned int times, int error)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_kernel_mr_stick(mr, times, error);
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	assert_int_equal(stack_stats().revoke_failures, times);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

STACK_CASE(EBUSY__once)
{
	fails(1, EBUSY);
}

STACK_CASE(EBUSY__twice)
{
	fails(2, EBUSY);
}

STACK_CASE(EINVAL__bound_window_once)
{
	fails(1, EINVAL);
}

static void device_is_gone(int error)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_kernel_mr_stick(mr, 1, error);
	stack_break(STACK_A);
	assert_record("unlock a");
	assert_int_equal(stack_stats().revoke_failures, 0);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	stack_dereg_ok(mr);
	fake_kernel_mr_reset();
}

STACK_CASE(EIO__as_good_as_destroyed)
{
	device_is_gone(EIO);
}

STACK_CASE(ENODEV__as_good_as_destroyed)
{
	device_is_gone(ENODEV);
}

static bool has_failed_3_times(void *arg)
{
	return stack_stats().revoke_failures >= 3;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

STACK_CASE(always_EBUSY__lease_stays_and_others_go)
{
	struct ibv_mr *stuck = stack_reg(&stack_device, 0, 1);
	struct ibv_mr *other = stack_reg(&stack_device, 1, 1);

	record_clear();
	fake_kernel_mr_stick(stuck, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failed_3_times, NULL));
	assert_true(fake_lease_exists(STACK_A));
	assert_record("destroy 1");
	assert_int_equal(stack_stats().revoked_mrs, 1);
	assert_int_equal(stack_stats().guarded_mrs, 1);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	assert_int_equal(count(stack_log(), "cannot be revoked"), 1);

	fake_kernel_mr_stick(NULL, 0, 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_record("destroy 0, unlock a");
	assert_int_equal(stack_stats().revoked_mrs, 2);
	stack_dereg_ok(stuck);
	stack_dereg_ok(other);
}

STACK_CASE(always_EBUSY__program_deregisters_in_the_end)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_kernel_mr_stick(mr, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failed_3_times, NULL));
	fake_kernel_mr_stick(NULL, 0, 0);
	stack_dereg_ok(mr);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_int_equal(fake_kernel_mr.n_strangers, 0);
}

STACK_CASE(EBUSY_then_device_is_gone__as_good_as_destroyed)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_kernel_mr_stick(mr, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failed_3_times, NULL));
	fake_kernel_mr_stick(mr, 1, EIO);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_record("unlock a");
	assert_int_equal(stack_stats().zombie_mrs, 1);
	stack_dereg_ok(mr);
	fake_kernel_mr_reset();
}

/* The kernel destroys the memory region with its file, and then the lease. */
STACK_CASE(always_EBUSY__goes_with_the_context)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_kernel_mr_stick(mr, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failed_3_times, NULL));
	assert_true(fake_lease_exists(STACK_A));
	record_clear();
	stack_close(&stack_device);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_record("free_context, unlock a");
	assert_int_equal(stack_stats().guarded_mrs, 0);
	fake_kernel_mr_reset();
	free(mr);
}

/* Such a lease the kernel takes away: then nobody waits, and it is shouted. */
STACK_CASE(always_EBUSY_under_an_ordinary_lease__shouted)
{
	struct ibv_mr *mr;

	fake_statx_is_dax = false;
	fake_fstatfs_magic = 0xef53;
	mr = stack_reg_file(STACK_A);
	fake_kernel_mr_stick(mr, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failed_3_times, NULL));
	assert_true(fake_lease_exists(STACK_A));
	assert_int_equal(count(stack_log(), "DEVICE WRITES TO A FILE"), 1);
	fake_kernel_mr_stick(NULL, 0, 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	stack_dereg_ok(mr);
}

STACK_CASE(stuck_on_one_file__other_is_broken_all_the_same)
{
	struct ibv_mr *stuck = stack_reg_file(STACK_A);
	struct ibv_mr *other = stack_reg_file(STACK_B);

	fake_kernel_mr_stick(stuck, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failed_3_times, NULL));
	stack_break(STACK_B);
	assert_true(fake_lease_exists(STACK_A));
	fake_kernel_mr_stick(NULL, 0, 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	stack_dereg_ok(stuck);
	stack_dereg_ok(other);
}

static struct ibv_mr *orphan;

/* Puts another file under the MR that is being registered. */
static int replace_mapping(struct ibv_mr *mr)
{
	if (!orphan)
		orphan = mr;
	file_map(STACK_B, 0, STACK_PAGES, PROT_READ | PROT_WRITE, stack_addr);
	return fake_cmd_reg_mr(mr);
}

STACK_CASE(undo_fails__orphan_goes_with_the_next_break)
{
	struct ibv_mr *mr;

	orphan = NULL;
	fake_provider.cmd_reg_mr = replace_mapping;
	fake_kernel_mr_stick(NULL, 1, EBUSY);
	mr = stack_reg(&stack_device, 0, STACK_PAGES);
	/* The second try was over the other file. */
	assert_non_null(mr);
	assert_true(fake_lease_exists(STACK_A));
	assert_true(fake_lease_exists(STACK_B));
	assert_int_equal(stack_stats().guarded_mrs, 2);
	assert_int_equal(count(stack_log(), "keeps its lease"), 1);
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
	stack_close(&stack_device);
	free(orphan);
}
