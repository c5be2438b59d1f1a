// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Handlers of fork(2) that the program had before it opened a device run between
 * ours, in which all locks are held.  They may call verbs all the same.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/lock.h"
#include "lib/child.h"
#include "lib/stack.h"

static struct ibv_mr *mr;
static void (*in_prepare)(void), (*in_parent)(void), (*in_child)(void);

static void prepare(void)
{
	if (in_prepare)
		in_prepare();
}

static void parent(void)
{
	if (in_parent)
		in_parent();
}

static void child(void)
{
	if (in_child)
		in_child();
}

__attribute__((constructor)) static void come_first(void)
{
	(void)pthread_atfork(prepare, parent, child);
}

static int setup(void **state)
{
	in_prepare = in_parent = in_child = NULL;
	stack_setup(state);
	mr = stack_reg_file(STACK_A);
	record_clear();
	return 0;
}

static int teardown(void **state)
{
	in_prepare = in_parent = in_child = NULL;
	stack_dereg_ok(mr);
	return stack_teardown(state);
}

#define HANDLER_CASE(fn) CASE_WITH(fn, setup, teardown)

static void dereg(void)
{
	stack_dereg_ok(mr);
	mr = NULL;
}

static void reg(void)
{
	mr = stack_reg_file(STACK_A);
}

static int nothing(void)
{
	return 0;
}

HANDLER_CASE(memory_let_go_for_the_fork__is_registered_after_it)
{
	in_prepare = dereg;
	in_parent = reg;
	child_check(nothing, fork);
	/* The keeper has all locks that it needs. */
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
}

static void locks_are_taken(void)
{
	struct ps_mutex *const all[] = { &hook_lock,	&table_lock, &event_lock,
					 &request_lock, &log_lock,   &aside_lock };
	size_t i;

	for (i = 0; i < N_OF(all); i++)
		assert_int_equal(pthread_mutex_trylock(&all[i]->mutex), EBUSY);
}

/* Each section gives all locks and takes them back, before there is a child. */
static void reg_twice(void)
{
	stack_dereg_ok(stack_reg_file(STACK_B));
	locks_are_taken();
	stack_dereg_ok(stack_reg_file(STACK_B));
	locks_are_taken();
}

HANDLER_CASE(several_calls__each_has_the_locks)
{
	in_prepare = in_parent = reg_twice;
	child_check(nothing, fork);
	child_check(nothing, fork);
}

static struct device own_device;
static struct ibv_mr *own;

static void reg_own(void)
{
	stack_open(&own_device, -1);
	own = stack_reg(&own_device, STACK_PAGES, STACK_PAGES);
}

static int own_is_guarded(void)
{
	if (!own || stack_stats().guarded_mrs != 1)
		return 1;
	fake_break_begin(STACK_B);
	if (!fake_break_wait(STACK_B))
		return 2;
	fake_break_end(STACK_B);
	return stack_dereg(own) ? 3 : 0;
}

HANDLER_CASE(registered_in_the_child__is_not_forgotten)
{
	CHILD_NOT_UNDER_TSAN();
	in_child = reg_own;
	child_check(own_is_guarded, fork);
}

int main(void)
{
	return run_cases();
}
