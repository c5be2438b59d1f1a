// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Waiting for a break to be over: how often, and when it is given up */
#include <stdlib.h>

#include "base/clock.h"
#include "lib/child.h"
#include "lib/test.h"
#include "retake.h"

#define RETAKE_MS 60

int group_setup(void **state)
{
	return setenv("PINSAFE_RETAKE_MS", "60", 1);
}

static void wait_with_0_ms(void *arg, void *ret_result)
{
	struct retake retake = RETAKE_INITIALIZER;

	setenv("PINSAFE_RETAKE_MS", "0", 1);
	*(int *)ret_result = 1 + retake_wait(&retake);
}

/* First, as the environment is read once: here in a child */
CASE(RETAKE_MS_0__never_waits)
{
	int result = 0;

	assert_int_equal(
		child_run(wait_with_0_ms, NULL, &result, sizeof(result)), 0);
	assert_int_equal(result, 1);
}

CASE(gives_up__after_RETAKE_MS)
{
	struct retake retake = RETAKE_INITIALIZER;
	uint64_t start = clock_now_ns();

	while (retake_wait(&retake))
		;
	assert_true(clock_now_ns() - start >= RETAKE_MS * NSEC_PER_MSEC);
}

CASE(given_up__stays_so)
{
	struct retake retake = RETAKE_INITIALIZER;

	while (retake_wait(&retake))
		;
	assert_false(retake_wait(&retake));
	assert_false(retake_wait(&retake));
}

CASE(first_wait__sets_the_deadline)
{
	struct retake retake = RETAKE_INITIALIZER;
	uint64_t deadline;

	assert_true(retake_wait(&retake));
	deadline = retake.deadline_ns;
	assert_true(deadline);
	(void)retake_wait(&retake);
	assert_true(retake.deadline_ns == deadline);
}

CASE(pause__grows_up_to_10_ms)
{
	struct retake retake = RETAKE_INITIALIZER;
	uint64_t pause = NSEC_PER_MSEC, start;

	/* As it waits longer from time to time, it might be too late. */
	retake.deadline_ns = UINT64_MAX;
	retake.pause_ns = pause;
	while (pause < 10 * NSEC_PER_MSEC) {
		start = clock_now_ns();
		assert_true(retake_wait(&retake));
		assert_true(clock_now_ns() - start >= pause);
		assert_true(retake.pause_ns > pause);
		pause = retake.pause_ns;
	}
	assert_true(pause == 10 * NSEC_PER_MSEC);
	assert_true(retake_wait(&retake));
	assert_true(retake.pause_ns == pause);
}
