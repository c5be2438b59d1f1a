// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_rereg_mr(), and what happens while the provider is at work: breaks of
 * either file, and other memory in the place of the new one.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/rereg.h"
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
