// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Event channels: which events come, in what order, and what is in them */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/stack_api.h"

#define GRACE_MS 10000

static struct pinsafe_event_channel *channel;
static struct pinsafe_reg_attr attr;

static int setup(void **state)
{
	stack_setup(state);
	channel = stack_channel();
	attr = stack_attr(STACK_A);
	attr.channel = channel;
	attr.user_data = &attr;
	return 0;
}

static int teardown(void **state)
{
	if (channel)
		stack_channel_end(channel);
	return stack_teardown(state);
}

#define EVENT_CASE(fn) CASE_WITH(fn, setup, teardown)

static void expect_nothing(void)
{
	struct pinsafe_event *event;
	int fd = pinsafe_event_channel_fd(channel);

	assert_false(stack_has_event(channel, 0));
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pinsafe_get_event(channel, &event), EAGAIN);
}

EVENT_CASE(without_grace__only_revoked)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);
	struct pinsafe_event *event;

	expect_nothing();
	stack_break(STACK_A);
	event = stack_event(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_int_equal(event->error, 0);
	assert_ptr_equal(event->user_data, &attr);
	assert_int_equal(event->dev, STACK_A->dev);
	assert_int_equal(event->ino, STACK_A->ino);
	assert_string_equal(event->path, STACK_A->path);
	assert_ptr_equal(event->addr, attr.addr);
	assert_int_equal(event->length, attr.length);
	pinsafe_ack_event(event);
	expect_nothing();
	stack_dereg_ok(mr);
}

EVENT_CASE(with_grace__break_with_a_deadline_first)
{
	uint64_t before = clock_now_ns();
	struct pinsafe_event *event;
	struct ibv_mr *mr;

	attr.comp_mask = PINSAFE_REG_GRACE;
	attr.grace_ms = GRACE_MS;
	mr = stack_reg_attr(&attr);
	fake_break_begin(STACK_A);
	event = stack_event(channel, PINSAFE_EVENT_BREAK, mr);
	assert_true(event->deadline_ns >= before + GRACE_MS * NSEC_PER_MSEC);
	assert_true(event->deadline_ns <=
		    clock_now_ns() + GRACE_MS * NSEC_PER_MSEC);
	assert_ptr_equal(event->user_data, &attr);
	assert_int_equal(event->ino, STACK_A->ino);
	assert_string_equal(event->path, STACK_A->path);
	pinsafe_ack_event(event);
	assert_true(fake_lease_exists(STACK_A));
	expect_nothing();
	assert_int_equal(pinsafe_release(mr), 0);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	stack_dereg_ok(mr);
}

static bool has_failures(void *arg)
{
	return stack_stats().revoke_failures >= *(uint64_t *)arg;
}

/* It is repeated every few milliseconds; nobody has taken it yet. */
EVENT_CASE(revoke_failed__one_until_it_is_taken)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);
	struct pinsafe_event *event;
	uint64_t n = 5;

	fake_kernel_mr_stick(mr, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failures, &n));
	event = stack_event(channel, PINSAFE_EVENT_REVOKE_FAILED, mr);
	assert_int_equal(event->error, EBUSY);
	assert_false(stack_has_event(channel, 0));
	fake_kernel_mr_stick(NULL, 0, 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	pinsafe_ack_event(event);
	/* Another failure may have followed while that one was looked at. */
	event = NULL;
	assert_true(stack_has_event(channel, DEADLINE_MS));
	assert_int_equal(pinsafe_get_event(channel, &event), 0);
	if (event->type == PINSAFE_EVENT_REVOKE_FAILED) {
		pinsafe_ack_event(event);
		stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	} else {
		assert_int_equal(event->type, PINSAFE_EVENT_REVOKED);
		pinsafe_ack_event(event);
		if (stack_has_event(channel, 0))
			stack_event_is(channel, PINSAFE_EVENT_REVOKE_FAILED,
				       mr);
	}
	expect_nothing();
	stack_dereg_ok(mr);
}

/* What happens while the program looks at an event of that type is not lost. */
EVENT_CASE(second_break_while_first_is_taken__told)
{
	struct pinsafe_event *event;
	struct ibv_mr *mr;

	attr.length *= 2;
	attr.comp_mask = PINSAFE_REG_GRACE;
	attr.grace_ms = GRACE_MS;
	mr = stack_reg_attr(&attr);
	fake_break_begin(STACK_A);
	event = stack_event(channel, PINSAFE_EVENT_BREAK, mr);
	assert_int_equal(event->ino, STACK_A->ino);
	fake_break_begin(STACK_B);
	stack_wait_for_breaks(2);
	/* Served after the round that noticed the second break */
	assert_int_equal(pinsafe_release(mr), 0);
	assert_int_equal(event->ino, STACK_A->ino);
	pinsafe_ack_event(event);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	event = stack_event(channel, PINSAFE_EVENT_BREAK, mr);
	assert_int_equal(event->ino, STACK_B->ino);
	assert_string_equal(event->path, STACK_B->path);
	pinsafe_ack_event(event);
	expect_nothing();
	fake_break_end(STACK_A);
	fake_break_end(STACK_B);
	stack_dereg_ok(mr);
}

EVENT_CASE(several_mrs__each_its_own)
{
	struct ibv_mr *mrs[3], *seen[3];
	struct pinsafe_event *event;
	size_t i, j;

	for (i = 0; i < N_OF(mrs); i++)
		mrs[i] = stack_reg_attr(&attr);
	stack_break(STACK_A);
	for (i = 0; i < N_OF(mrs); i++) {
		assert_int_equal(pinsafe_get_event(channel, &event), 0);
		assert_int_equal(event->type, PINSAFE_EVENT_REVOKED);
		seen[i] = event->mr;
		pinsafe_ack_event(event);
		for (j = 0; j < i; j++)
			assert_ptr_not_equal(seen[j], seen[i]);
	}
	expect_nothing();
	for (i = 0; i < N_OF(mrs); i++)
		stack_dereg_ok(mrs[i]);
}

EVENT_CASE(mr_deregistered__event_stays_whole)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);
	struct pinsafe_event *event;

	stack_break(STACK_A);
	event = stack_event(channel, PINSAFE_EVENT_REVOKED, mr);
	stack_dereg_ok(mr);
	assert_string_equal(event->path, STACK_A->path);
	assert_ptr_equal(event->user_data, &attr);
	pinsafe_ack_event(event);
}

EVENT_CASE(mr_deregistered_before_it_is_taken__the_same)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);
	struct pinsafe_event *event;

	stack_break(STACK_A);
	stack_dereg_ok(mr);
	event = stack_event(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_string_equal(event->path, STACK_A->path);
	pinsafe_ack_event(event);
}

EVENT_CASE(not_acknowledged__EBUSY)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);
	struct pinsafe_event *event;

	stack_break(STACK_A);
	event = stack_event(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_int_equal(pinsafe_destroy_event_channel(channel), EBUSY);
	pinsafe_ack_event(event);
	stack_dereg_ok(mr);
}

EVENT_CASE(channel_ends_first__guarded_as_before)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);

	stack_channel_end(channel);
	channel = NULL;
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

EVENT_CASE(channel_ends_with_events__they_go)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);

	stack_break(STACK_A);
	assert_true(stack_has_event(channel, DEADLINE_MS));
	stack_channel_end(channel);
	channel = NULL;
	stack_dereg_ok(mr);
}

struct getter {
	pthread_t thread;
	struct pinsafe_event *event;
	int tid, result;
};

static void *get(void *arg)
{
	struct getter *getter = arg;

	__atomic_store_n(&getter->tid, gettid(), __ATOMIC_SEQ_CST);
	getter->result = pinsafe_get_event(channel, &getter->event);
	return NULL;
}

static bool has_tid(void *arg)
{
	return __atomic_load_n((int *)arg, __ATOMIC_SEQ_CST);
}

/* A thread that waits for an event */
static void start(struct getter *getter)
{
	assert_int_equal(pthread_create(&getter->thread, NULL, get, getter), 0);
	assert_true(wait_until(has_tid, &getter->tid));
	assert_true(wait_until_asleep(getter->tid));
}

EVENT_CASE(get_event__waits_for_one)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);
	struct getter getter = {0};

	start(&getter);
	stack_break(STACK_A);
	assert_int_equal(pthread_join(getter.thread, NULL), 0);
	assert_int_equal(getter.result, 0);
	assert_ptr_equal(getter.event->mr, mr);
	pinsafe_ack_event(getter.event);
	stack_dereg_ok(mr);
}

static void on_signal(int number)
{
}

EVENT_CASE(get_event__EINTR)
{
	struct sigaction old, new = {.sa_handler = on_signal};
	struct getter getter = {0};

	assert_int_equal(sigaction(SIGUSR2, &new, &old), 0);
	start(&getter);
	pthread_kill(getter.thread, SIGUSR2);
	assert_int_equal(pthread_join(getter.thread, NULL), 0);
	assert_int_equal(getter.result, EINTR);
	assert_int_equal(sigaction(SIGUSR2, &old, NULL), 0);
}

EVENT_CASE(NULL__EINVAL)
{
	struct pinsafe_event *event;

	assert_int_equal(pinsafe_destroy_event_channel(NULL), EINVAL);
	assert_int_equal(pinsafe_get_event(NULL, &event), EINVAL);
	assert_int_equal(pinsafe_get_event(channel, NULL), EINVAL);
	pinsafe_ack_event(NULL);
}
