// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A child of fork(2): a channel of its parent is good for nothing there but to
 * be destroyed, which leaves the parent's and the child's own alone.
 */
#include <errno.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/stack_api.h"

static struct pinsafe_event_channel *channel;
static struct pinsafe_reg_attr attr;
static struct ibv_mr *inherited;
static struct device other;

static int setup(void **state)
{
	stack_setup(state);
	channel = stack_channel();
	attr = stack_attr(STACK_A);
	attr.channel = channel;
	inherited = stack_reg_attr(&attr);
	return 0;
}

/* The parent is as it was: it hears of a break. */
static int teardown(void **state)
{
	stack_break(STACK_A);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, inherited);
	stack_dereg_ok(inherited);
	stack_channel_end(channel);
	return stack_teardown(state);
}

#define FORK_CASE(fn) CASE_WITH(fn, setup, teardown)

static int use_channel_of_parent(void)
{
	struct pinsafe_event *event;

	if (pinsafe_get_event(channel, &event) != EINVAL)
		return 1;
	if (pinsafe_reg_mr(&stack_device.pd, &attr, sizeof(attr)) ||
	    errno != EINVAL)
		return 2;
	return pinsafe_destroy_event_channel(channel) ? 3 : 0;
}

FORK_CASE(channel_of_parent__EINVAL)
{
	child_check(use_channel_of_parent, fork);
}

FORK_CASE(channel_of_parent__EINVAL_unseen_fork)
{
	CHILD_NOT_UNDER_TSAN();
	child_check(use_channel_of_parent, _Fork);
}

/* Nobody in the child can acknowledge what a thread of the parent has taken. */
FORK_CASE(event_taken_in_parent__child_can_destroy)
{
	struct pinsafe_reg_attr second = stack_attr(STACK_B);
	struct pinsafe_event *event;
	struct ibv_mr *mr;

	second.channel = channel;
	mr = stack_reg_attr(&second);
	stack_break(STACK_B);
	event = stack_event(channel, PINSAFE_EVENT_REVOKED, mr);
	child_check(use_channel_of_parent, fork);
	pinsafe_ack_event(event);
	stack_dereg_ok(mr);
}

static struct pinsafe_event *taken;

static int ack_event_of_parent(void)
{
	pinsafe_ack_event(taken);
	return pinsafe_destroy_event_channel(channel) ? 1 : 0;
}

/*
 * The same has happened again since it was taken, which the parent is told when
 * it acknowledges, not when the child does.
 */
static void event_taken_in_parent__ack_in(pid_t (*fork_fn)(void))
{
	struct pinsafe_reg_attr second = stack_attr(STACK_B);
	struct ibv_mr *mr;

	second.channel = channel;
	mr = stack_reg_attr(&second);
	fake_kernel_mr_stick(mr, 2, EBUSY);
	assert_int_equal(pinsafe_release(mr), EBUSY);
	taken = stack_event(channel, PINSAFE_EVENT_REVOKE_FAILED, mr);
	assert_int_equal(pinsafe_release(mr), EBUSY);
	child_check(ack_event_of_parent, fork_fn);
	assert_false(stack_has_event(channel, 0));
	pinsafe_ack_event(taken);
	stack_event_is(channel, PINSAFE_EVENT_REVOKE_FAILED, mr);
	assert_false(stack_has_event(channel, 0));
	stack_dereg_ok(mr);
}

FORK_CASE(event_taken_in_parent__ack_wakes_nobody)
{
	event_taken_in_parent__ack_in(fork);
}

FORK_CASE(event_taken_in_parent__ack_wakes_nobody_unseen_fork)
{
	if (UNDER_TSAN)
		SKIP_CASE("ThreadSanitizer cannot follow there");
	event_taken_in_parent__ack_in(_Fork);
}

static int use_own_channel(void)
{
	struct pinsafe_event_channel *own = pinsafe_create_event_channel();
	struct pinsafe_event *event;
	struct ibv_mr *mr;

	if (!own)
		return 1;
	if (pinsafe_destroy_event_channel(channel))
		return 2;
	/* In the fake kernel, which is a copy, the file has no lease here. */
	fake_fcntl_files(stack_files, STACK_FILES);
	stack_open(&other, -1);
	attr.channel = own;
	mr = pinsafe_reg_mr(&other.pd, &attr, sizeof(attr));
	if (!mr)
		return 3;
	fake_break_begin(STACK_A);
	if (!fake_break_wait(STACK_A))
		return 4;
	fake_break_end(STACK_A);
	if (pinsafe_get_event(own, &event) || event->mr != mr)
		return 5;
	pinsafe_ack_event(event);
	if (stack_dereg(mr))
		return 6;
	return pinsafe_destroy_event_channel(own) ? 7 : 0;
}

FORK_CASE(own_channel__works)
{
	CHILD_NOT_UNDER_TSAN();
	child_check(use_own_channel, fork);
}
