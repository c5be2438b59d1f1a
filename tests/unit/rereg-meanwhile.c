// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_rereg_mr(), and what happens while the provider is at work: breaks of
 * either file, other memory in the place of the new one, and whoever asks what the
 * device may write to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/rereg.h"
#include "track.h"
#include "verbs_wrap.h"

/* Breaks a file while the provider is at work, until the keeper has seen it. */
static const struct file *broken_meanwhile;

static int is_broken_meanwhile(struct ibv_mr *mr, int flags, void *addr,
			       size_t length)
{
	int r = fake_cmd_rereg_mr(mr, flags, addr, length);

	record_clear();
	fake_break_begin(broken_meanwhile);
	stack_wait_for_breaks(1);
	assert_record("");
	assert_leases(true, true);
	return r;
}

REREG_CASE(old_file_broken_meanwhile__moved_away)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	broken_meanwhile = STACK_A;
	fake_provider.cmd_rereg_mr = is_broken_meanwhile;
	assert_int_equal(rereg(mr, MOVE, addr_b), 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_int_equal(stack_stats().revoked_mrs, 0);
	assert_leases(false, true);
	stack_dereg_ok(mr);
}

REREG_CASE(new_file_broken_meanwhile__revoked_afterwards)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	broken_meanwhile = STACK_B;
	fake_provider.cmd_rereg_mr = is_broken_meanwhile;
	(void)rereg(mr, MOVE, addr_b);
	assert_true(fake_break_wait(STACK_B));
	fake_break_end(STACK_B);
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	stack_dereg_ok(mr);
}

/* The new mapping is another than that for which there is a lease. */
static char *replaced_at;

static int is_replaced_meanwhile(struct ibv_mr *mr, int flags, void *addr,
				 size_t length)
{
	if (replaced_at == anonymous)
		file_map(STACK_A, 0, 1, PROT_READ | PROT_WRITE, replaced_at);
	else
		map_anonymous(replaced_at);
	return fake_cmd_rereg_mr(mr, flags, addr, length);
}

static void replaced_meanwhile(char *addr)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	struct ibv_mr *other = stack_reg_file(STACK_B);

	replaced_at = addr;
	fake_provider.cmd_rereg_mr = is_replaced_meanwhile;
	assert_int_equal(rereg(mr, MOVE, addr), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fake_kernel_mr_count(), 1);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	assert_leases(false, true);
	stack_dereg_ok(mr);
	stack_dereg_ok(other);
}

REREG_CASE(file_replaced_meanwhile__revoked)
{
	replaced_meanwhile(addr_b);
}

REREG_CASE(anonymous_memory_replaced_meanwhile__revoked)
{
	replaced_meanwhile(anonymous);
}

/* The keeper has never heard of the device. */
REREG_CASE(replaced_on_another_device__revoked)
{
	struct ibv_mr *other = stack_reg_file(STACK_B), *mr;
	struct device device;

	stack_open(&device, -1);
	mr = verbs_wrap_ops.reg_mr(&device.pd, anonymous, page_size(),
				   (uintptr_t)anonymous,
				   IBV_ACCESS_LOCAL_WRITE);
	replaced_at = anonymous;
	fake_provider.cmd_rereg_mr = is_replaced_meanwhile;
	assert_int_equal(rereg(mr, MOVE, anonymous), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
	stack_close(&device);
	stack_dereg_ok(other);
}

REREG_CASE(replaced_and_stuck__shouted)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	replaced_at = addr_b;
	fake_provider.cmd_rereg_mr = is_replaced_meanwhile;
	fake_kernel_mr_stick(mr, 1, EBUSY);
	assert_int_equal(rereg(mr, MOVE, addr_b), IBV_REREG_MR_ERR_CMD);
	assert_non_null(strstr(stack_log(), "THE DEVICE CAN GO ON TO USE IT"));
	assert_leases(false, true);
	stack_dereg_ok(mr);
}

/* What is known at the moment of the call: which of both pages devices write to */
static int rereg_result;
static bool a_was_written, b_was_written;

static bool is_known_as_written(const struct file *file, const char *addr)
{
	uintptr_t start = (uintptr_t)addr;
	struct track_query query = { .dev = file->dev,
				     .ino = file->ino,
				     .start = start,
				     .end = start + page_size() };
	struct mr_range *ranges;
	size_t n;

	assert_int_equal(track_find_written(&query, &ranges, &n), 0);
	free(ranges);
	/* Who asks without a lock finds the same. */
	assert_int_equal(track_may_be_written(query.start, query.end), n);
	assert_int_equal(track_may_be_written_file(file->dev, file->ino), n);
	return n;
}

static int looks_at_it(struct ibv_mr *mr, int flags, void *addr, size_t length)
{
	a_was_written = is_known_as_written(STACK_A, addr_a);
	b_was_written = is_known_as_written(STACK_B, addr_b);
	if (rereg_result)
		return rereg_result;
	return fake_cmd_rereg_mr(mr, flags, addr, length);
}

static struct ibv_mr *reg_only_read(char *addr)
{
	struct ibv_mr *mr;

	rereg_result = 0;
	fake_provider.cmd_rereg_mr = looks_at_it;
	mr = verbs_wrap_ops.reg_mr(&stack_device.pd, addr, page_size(),
				   (uintptr_t)addr, IBV_ACCESS_REMOTE_READ);
	assert_non_null(mr);
	return mr;
}

static void assert_written(bool a, bool b)
{
	assert_int_equal(is_known_as_written(STACK_A, addr_a), a);
	assert_int_equal(is_known_as_written(STACK_B, addr_b), b);
}

/* A peer that has the key may write before the call returns, and an fsync come. */
REREG_CASE(written_from_now_on__known_before_it_can_be)
{
	struct ibv_mr *mr = reg_only_read(addr_a);

	assert_written(false, false);
	assert_int_equal(rereg_as(mr, IBV_REREG_MR_CHANGE_ACCESS, addr_a,
				  IBV_ACCESS_LOCAL_WRITE |
					  IBV_ACCESS_REMOTE_WRITE), 0);
	assert_true(a_was_written);
	assert_written(true, false);
	stack_dereg_ok(mr);
	assert_written(false, false);
}

REREG_CASE(moved_and_written__known_before_it_can_be)
{
	struct ibv_mr *mr = reg_only_read(addr_a);

	assert_int_equal(rereg(mr, MOVE_AND_ACCESS, addr_b), 0);
	/* It may still have the old one when the access is wider. */
	assert_true(a_was_written && b_was_written);
	assert_written(false, true);
	stack_dereg_ok(mr);
}

REREG_CASE(from_anonymous_memory_and_written__known_before_it_can_be)
{
	struct ibv_mr *mr = reg_only_read(anonymous);

	assert_int_equal(rereg(mr, MOVE_AND_ACCESS, addr_b), 0);
	assert_true(b_was_written);
	assert_false(a_was_written);
	assert_written(false, true);
	stack_dereg_ok(mr);
	assert_written(false, false);
}

/* ibv_rereg_mr(3) leaves open what it can do now. */
REREG_CASE(failed_and_written__stays_known)
{
	struct ibv_mr *mr = reg_only_read(addr_a);

	rereg_result = ENOMEM;
	assert_int_not_equal(rereg_as(mr, IBV_REREG_MR_CHANGE_ACCESS, addr_a,
				      IBV_ACCESS_LOCAL_WRITE), 0);
	assert_true(a_was_written);
	assert_written(true, false);
	stack_dereg_ok(mr);
	assert_written(false, false);
}

/* It was until then: what was written before has to be found. */
REREG_CASE(only_read_from_now_on__known_as_written_in_the_call)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_provider.cmd_rereg_mr = looks_at_it;
	rereg_result = 0;
	assert_int_equal(rereg_as(mr, IBV_REREG_MR_CHANGE_ACCESS, addr_a,
				  IBV_ACCESS_REMOTE_READ), 0);
	assert_true(a_was_written);
	stack_dereg_ok(mr);
}
