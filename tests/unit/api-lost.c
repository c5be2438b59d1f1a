// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A lease that the kernel takes away: of an ordinary one the program is told,
 * and of a layout lease nothing was lost.
 */
#include <errno.h>
#include <sys/vfs.h>

#include "lease.h"
#include "lib/stack_api.h"

static struct pinsafe_event_channel *channel;
static struct pinsafe_reg_attr attr;

static int setup(void **state)
{
	stack_setup(state);
	channel = stack_channel();
	attr = stack_attr(STACK_A);
	attr.channel = channel;
	return 0;
}

static int teardown(void **state)
{
	stack_channel_end(channel);
	return stack_teardown(state);
}

#define LOST_CASE(fn) CASE_WITH(fn, setup, teardown)

static bool has_no_lease(void *arg)
{
	return stack_stats().leases == 0;
}

#define NEEDS_ORDINARY_LEASES()                                            \
	do {                                                               \
		struct statfs fs;                                          \
                                                                           \
		assert_int_equal(statfs(DISK, &fs), 0);                    \
		if (!lease_ordinary_works_on(fs.f_type))                   \
			SKIP_CASE("the file system of " DISK " has none"); \
	} while (0)

LOST_CASE(ordinary_lease__LOST_before_REVOKED)
{
	struct pinsafe_event *event;
	struct ibv_mr *mr;

	NEEDS_ORDINARY_LEASES();
	fake_statx_is_dax = false;
	mr = stack_reg_attr(&attr);
	assert_int_equal(stack_stats().registered_lease, 1);
	fake_lease_expire(STACK_A);
	event = stack_event(channel, PINSAFE_EVENT_LOST, mr);
	assert_int_equal(event->ino, STACK_A->ino);
	assert_string_equal(event->path, STACK_A->path);
	pinsafe_ack_event(event);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_true(wait_until(has_no_lease, NULL));
	assert_int_equal(stack_stats().lost_leases, 1);
	stack_dereg_ok(mr);
}

/* The program took too long, or lease-break-time is short. */
LOST_CASE(ordinary_lease__LOST_during_the_grace)
{
	struct ibv_mr *mr;

	NEEDS_ORDINARY_LEASES();
	fake_statx_is_dax = false;
	attr.comp_mask = PINSAFE_REG_GRACE;
	attr.grace_ms = 60000;
	mr = stack_reg_attr(&attr);
	fake_break_begin(STACK_A);
	stack_event_is(channel, PINSAFE_EVENT_BREAK, mr);
	fake_lease_expire(STACK_A);
	stack_event_is(channel, PINSAFE_EVENT_LOST, mr);
	assert_int_equal(pinsafe_release(mr), 0);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_false(stack_has_event(channel, 0));
	fake_break_end(STACK_A);
	assert_int_equal(stack_stats().lost_leases, 1);
	stack_dereg_ok(mr);
}

LOST_CASE(ordinary_lease_released_in_time__not_lost)
{
	struct ibv_mr *mr;

	NEEDS_ORDINARY_LEASES();
	fake_statx_is_dax = false;
	mr = stack_reg_attr(&attr);
	stack_break(STACK_A);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_int_equal(stack_stats().lost_leases, 0);
	stack_dereg_ok(mr);
}

/* The breaker was refused, so the blocks are where they were. */
LOST_CASE(layout_lease__not_lost)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);

	fake_lease_expire(STACK_A);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_true(wait_until(has_no_lease, NULL));
	assert_int_equal(stack_stats().lost_leases, 0);
	stack_dereg_ok(mr);
}
