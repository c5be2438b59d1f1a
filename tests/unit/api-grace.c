// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The time of grace after a break: whoever has one lives until it is over or
 * until the program is done, and nobody else does.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/stack_api.h"
#include "machine/lease_provider.h"
#include "verbs_wrap.h"

#define SHORT_MS 300
#define LONG_MS 3600000

static struct pinsafe_event_channel *channel;
static struct pinsafe_reg_attr attr;

static int setup(void **state)
{
	stack_setup(state);
	channel = stack_channel();
	attr = stack_attr(STACK_A);
	attr.comp_mask = PINSAFE_REG_GRACE;
	attr.channel = channel;
	return 0;
}

static int teardown(void **state)
{
	stack_channel_end(channel);
	return stack_teardown(state);
}

#define GRACE_CASE(fn) CASE_WITH(fn, setup, teardown)

static bool has_gone(void *arg)
{
	return fake_kernel_mr_count() <= *(size_t *)arg;
}

GRACE_CASE(not_answered__revoked_at_the_deadline)
{
	struct pinsafe_event *event;
	uint64_t deadline_ns;
	struct ibv_mr *mr;

	attr.grace_ms = SHORT_MS;
	mr = stack_reg_attr(&attr);
	fake_break_begin(STACK_A);
	event = stack_event(channel, PINSAFE_EVENT_BREAK, mr);
	deadline_ns = event->deadline_ns;
	pinsafe_ack_event(event);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_true(clock_now_ns() >= deadline_ns);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	stack_dereg_ok(mr);
}

GRACE_CASE(another_without_grace__revoked_at_once)
{
	struct pinsafe_reg_attr plain = stack_attr(STACK_A);
	struct ibv_mr *mr, *other;
	size_t one = 1;

	attr.grace_ms = LONG_MS;
	mr = stack_reg_attr(&attr);
	other = stack_reg_attr(&plain);
	record_clear();
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_gone, &one));
	assert_record("destroy 1");
	stack_event_is(channel, PINSAFE_EVENT_BREAK, mr);
	assert_true(fake_lease_exists(STACK_A));
	assert_int_equal(pinsafe_release(mr), 0);
	assert_true(fake_break_wait(STACK_A));
	assert_record("destroy 0, unlock a");
	fake_break_end(STACK_A);
	stack_dereg_ok(mr);
	stack_dereg_ok(other);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
}

GRACE_CASE(dereg__ends_it)
{
	struct ibv_mr *mr;

	attr.grace_ms = LONG_MS;
	mr = stack_reg_attr(&attr);
	fake_break_begin(STACK_A);
	stack_event_is(channel, PINSAFE_EVENT_BREAK, mr);
	stack_dereg_ok(mr);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_int_equal(stack_stats().revoked_mrs, 0);
}

/* A thread that releases what another one is just moving */
static struct releaser {
	pthread_t thread;
	struct ibv_mr *mr;
	int tid;
	int result;
} releaser;

static void *release_main(void *arg)
{
	__atomic_store_n(&releaser.tid, gettid(), __ATOMIC_SEQ_CST);
	releaser.result = pinsafe_release(releaser.mr);
	return NULL;
}

static bool has_begun(void *arg)
{
	return __atomic_load_n(&releaser.tid, __ATOMIC_SEQ_CST);
}

static int is_released_meanwhile(struct ibv_mr *mr, int flags, void *addr,
				 size_t length)
{
	releaser = (struct releaser){ .mr = mr };
	pthread_create(&releaser.thread, NULL, release_main, NULL);
	if (!wait_until(has_begun, NULL) || !wait_until_asleep(releaser.tid))
		return EIO;
	return fake_cmd_rereg_mr(mr, flags, addr, length);
}

GRACE_CASE(released_while_it_is_moved__revoked_afterwards)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);

	fake_provider.cmd_rereg_mr = is_released_meanwhile;
	assert_int_equal(verbs_wrap_ops.rereg_mr(mr, IBV_REREG_MR_CHANGE_PD,
						 &stack_device.pd, NULL, 0, 0),
			 0);
	pthread_join(releaser.thread, NULL);
	assert_int_equal(releaser.result, 0);
	assert_int_equal(fake_kernel_mr_count(), 0);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	stack_dereg_ok(mr);
}

GRACE_CASE(longer_than_allowed__half_of_lease_break_time)
{
	uint64_t half_ns = lease_break_time_s() * NSEC_PER_SEC / 2;
	uint64_t before = clock_now_ns(), after;
	struct pinsafe_event *event;
	struct ibv_mr *mr;

	if (!half_ns || half_ns >= LONG_MS * NSEC_PER_MSEC)
		SKIP_CASE("lease-break-time is 0 or too long here");
	attr.grace_ms = LONG_MS;
	mr = stack_reg_attr(&attr);
	fake_break_begin(STACK_A);
	event = stack_event(channel, PINSAFE_EVENT_BREAK, mr);
	after = clock_now_ns();
	assert_in_range(event->deadline_ns, before + half_ns, after + half_ns);
	pinsafe_ack_event(event);
	assert_int_equal(pinsafe_release(mr), 0);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	fake_break_end(STACK_A);
	stack_dereg_ok(mr);
}

GRACE_CASE(released_before_any_break__lease_goes)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);

	record_clear();
	assert_int_equal(pinsafe_release(mr), 0);
	assert_record("destroy 0, unlock a");
	assert_int_equal(stack_stats().zombie_mrs, 1);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	/* The struct is still there, and the kernel hears of it no more. */
	stack_dereg_ok(mr);
	assert_record("dereg_mr");
}

GRACE_CASE(released_one_of_two__lease_stays)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);
	struct ibv_mr *other = stack_reg_attr(&attr);

	assert_int_equal(pinsafe_release(mr), 0);
	assert_true(fake_lease_exists(STACK_A));
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
	stack_dereg_ok(other);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
}

GRACE_CASE(release_of_a_zombie__0)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);

	stack_break(STACK_A);
	record_clear();
	assert_int_equal(pinsafe_release(mr), 0);
	assert_int_equal(pinsafe_release(mr), 0);
	assert_record("");
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	stack_dereg_ok(mr);
}

GRACE_CASE(release_of_an_unknown_mr__EINVAL)
{
	struct ibv_mr unknown = { .context = &stack_device.context };

	assert_int_equal(pinsafe_release(NULL), EINVAL);
	assert_int_equal(pinsafe_release(&unknown), EINVAL);
}

GRACE_CASE(release_fails__its_errno_and_an_event)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);
	struct pinsafe_event *event;

	fake_kernel_mr_stick(mr, 1, EBUSY);
	assert_int_equal(pinsafe_release(mr), EBUSY);
	event = stack_event(channel, PINSAFE_EVENT_REVOKE_FAILED, mr);
	assert_int_equal(event->error, EBUSY);
	pinsafe_ack_event(event);
	assert_true(fake_lease_exists(STACK_A));
	assert_int_equal(stack_stats().guarded_mrs, 1);
	assert_int_equal(pinsafe_release(mr), 0);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	stack_dereg_ok(mr);
}
