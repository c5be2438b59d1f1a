// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A break during a registration whose memory region cannot be undone: the
 * program has never seen that one and hears nothing of it.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/stack_api.h"
#include "verbs_wrap.h"

static struct ibv_mr *orphan;

static bool has_break(void *arg)
{
	return stack_stats().breaks >= 1;
}

static int break_in_register(struct ibv_mr *mr)
{
	int r = fake_cmd_reg_mr(mr);

	if (orphan)
		return r;
	orphan = mr;
	fake_kernel_mr_stick(mr, 1, EBUSY);
	fake_break_begin(STACK_A);
	(void)wait_until(has_break, NULL);
	fake_break_end(STACK_A);
	return r;
}

STACK_CASE(orphan__no_event)
{
	struct pinsafe_event_channel *channel = stack_channel();
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);
	struct ibv_mr *mr;

	attr.channel = channel;
	fake_provider.cmd_reg_mr = break_in_register;
	mr = stack_reg_attr(&attr);
	assert_non_null(orphan);
	assert_ptr_not_equal(mr, orphan);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	assert_false(stack_has_event(channel, 0));
	stack_break(STACK_A);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_false(stack_has_event(channel, 0));
	stack_dereg_ok(mr);
	stack_close(&stack_device);
	free(orphan);
	stack_channel_end(channel);
}
