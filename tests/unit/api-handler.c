// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Break handlers: on a thread of their own, which holds up no revoke, whatever
 * they do there
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/stack_api.h"

static struct pinsafe_reg_attr attr;
/* What the handler saw and did; its end is posted */
static sem_t was_called, may_return;
static struct pinsafe_event seen;
static struct ibv_mr *new_mr;
static int result, handler_tid;
static bool was_in_section;

static int setup(void **state)
{
	stack_setup(state);
	sem_init(&was_called, 0, 0);
	sem_init(&may_return, 0, 0);
	new_mr = NULL;
	result = -1;
	attr = stack_attr(STACK_A);
	attr.user_data = &attr;
	return 0;
}

#define HANDLER_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

static void wait_for_call(void)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += DEADLINE_MS / 1000;
	assert_int_equal(sem_timedwait(&was_called, &deadline), 0);
}

static void look(const struct pinsafe_event *event)
{
	sigset_t mask;

	seen = *event;
	handler_tid = gettid();
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	was_in_section = sigismember(&mask, SIGUSR1);
	sem_post(&was_called);
}

HANDLER_CASE(own_thread__with_the_event)
{
	struct ibv_mr *mr;

	attr.handler = look;
	mr = stack_reg_attr(&attr);
	stack_break(STACK_A);
	wait_for_call();
	assert_int_equal(seen.type, PINSAFE_EVENT_REVOKED);
	assert_ptr_equal(seen.mr, mr);
	assert_ptr_equal(seen.user_data, &attr);
	assert_int_not_equal(handler_tid, gettid());
	assert_int_not_equal(handler_tid, stack_keeper_tid());
	/* The program's signals are for the program's threads. */
	assert_true(was_in_section);
	stack_dereg_ok(mr);
}

static void never_return(const struct pinsafe_event *event)
{
	sem_post(&was_called);
	sem_wait(&may_return);
	sem_post(&was_called);
}

/* Until the handler has returned, so that it does not meet the next case */
static void let_it_return(void)
{
	sem_post(&may_return);
	wait_for_call();
}

HANDLER_CASE(never_returns__other_mr_revoked)
{
	struct pinsafe_reg_attr other = stack_attr(STACK_B);
	struct ibv_mr *mr, *other_mr;

	attr.handler = never_return;
	other.handler = never_return;
	mr = stack_reg_attr(&attr);
	other_mr = stack_reg_attr(&other);
	stack_break(STACK_A);
	wait_for_call();
	record_clear();
	stack_break(STACK_B);
	assert_record("destroy 1, unlock b");
	sem_post(&may_return);
	wait_for_call();
	wait_for_call();
	let_it_return();
	stack_dereg_ok(mr);
	stack_dereg_ok(other_mr);
}

/* It hears of the break and does not answer. */
HANDLER_CASE(never_returns__same_mr_revoked)
{
	struct ibv_mr *mr;

	attr.handler = never_return;
	attr.comp_mask = PINSAFE_REG_GRACE;
	attr.grace_ms = 200;
	mr = stack_reg_attr(&attr);
	fake_break_begin(STACK_A);
	wait_for_call();
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	sem_post(&may_return);
	wait_for_call();
	wait_for_call();
	let_it_return();
	stack_dereg_ok(mr);
}

/* The event of the revoke is not for the handler to see then. */
static void dereg(const struct pinsafe_event *event)
{
	result = stack_dereg(event->mr);
	sem_post(&was_called);
}

HANDLER_CASE(dereg_in_it_after_the_revoke__works)
{
	attr.handler = dereg;
	stack_reg_attr(&attr);
	stack_break(STACK_A);
	wait_for_call();
	assert_int_equal(result, 0);
	assert_int_equal(stack_stats().zombie_mrs, 0);
}

HANDLER_CASE(dereg_in_it_during_the_break__ends_it)
{
	attr.handler = dereg;
	attr.comp_mask = PINSAFE_REG_GRACE;
	attr.grace_ms = 60000;
	stack_reg_attr(&attr);
	fake_break_begin(STACK_A);
	wait_for_call();
	assert_int_equal(result, 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_int_equal(stack_stats().revoked_mrs, 0);
}

/* It waits there until the breaker is done. */
static void reg_again(const struct pinsafe_event *event)
{
	struct pinsafe_reg_attr again = stack_attr(STACK_A);

	result = stack_dereg(event->mr);
	new_mr = pinsafe_reg_mr(&stack_device.pd, &again, sizeof(again));
	sem_post(&was_called);
}

HANDLER_CASE(reg_in_it__works)
{
	attr.handler = reg_again;
	stack_reg_attr(&attr);
	stack_break(STACK_A);
	wait_for_call();
	assert_int_equal(result, 0);
	assert_non_null(new_mr);
	stack_dereg_ok(new_mr);
}

static void restore(const struct pinsafe_event *event)
{
	if (event->type != PINSAFE_EVENT_REVOKED)
		return;
	result = pinsafe_mr_restore(event->mr, -1, 0, &new_mr);
	sem_post(&was_called);
}

HANDLER_CASE(restore_in_it__events_go_on)
{
	struct ibv_mr *first, *second;

	attr.handler = restore;
	first = stack_reg_attr(&attr);
	stack_break(STACK_A);
	wait_for_call();
	assert_int_equal(result, 0);
	second = new_mr;
	stack_break(STACK_A);
	wait_for_call();
	assert_int_equal(result, 0);
	assert_ptr_not_equal(new_mr, second);
	stack_dereg_ok(first);
	stack_dereg_ok(second);
	stack_dereg_ok(new_mr);
}

static void release(const struct pinsafe_event *event)
{
	if (event->type != PINSAFE_EVENT_BREAK)
		return;
	result = pinsafe_release(event->mr);
	sem_post(&was_called);
}

HANDLER_CASE(release_in_it__ends_the_grace)
{
	struct ibv_mr *mr;

	attr.handler = release;
	attr.comp_mask = PINSAFE_REG_GRACE;
	attr.grace_ms = 60000;
	mr = stack_reg_attr(&attr);
	fake_break_begin(STACK_A);
	wait_for_call();
	assert_int_equal(result, 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

static void end_thread(const struct pinsafe_event *event)
{
	pthread_exit(NULL);
}

HANDLER_CASE(ends_its_thread__others_are_called)
{
	struct pinsafe_reg_attr other = stack_attr(STACK_B);
	struct ibv_mr *mr, *other_mr;

	attr.handler = end_thread;
	other.handler = look;
	mr = stack_reg_attr(&attr);
	other_mr = stack_reg_attr(&other);
	stack_break(STACK_A);
	stack_break(STACK_B);
	wait_for_call();
	assert_ptr_equal(seen.mr, other_mr);
	stack_dereg_ok(mr);
	stack_dereg_ok(other_mr);
}

static pid_t (*fork_fn)(void);
static pid_t child;
/* Shared with the child */
static struct {
	int n_calls, n_exits;
} *shared;

static void at_exit(void)
{
	shared->n_exits++;
}

static void fork_in_it(const struct pinsafe_event *event)
{
	__atomic_add_fetch(&shared->n_calls, 1, __ATOMIC_RELAXED);
	child = fork_fn();
	if (child)
		sem_post(&was_called);
}

static bool has_ended(void *status)
{
	return waitpid(child, status, WNOHANG) == child;
}

/* Its signals are blocked, so no alarm(2) would end it. */
static int child_status(void)
{
	int status = -1;

	assert_true(child > 0);
	if (!wait_until(has_ended, &status)) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	return status;
}

static void returns_in_a_child(pid_t (*fn)(void))
{
	struct pinsafe_reg_attr other = stack_attr(STACK_B);
	struct ibv_mr *mr, *other_mr;
	int status;

	fork_fn = fn;
	memset(shared, 0, sizeof(*shared));
	attr.handler = fork_in_it;
	other.handler = look;
	mr = stack_reg_attr(&attr);
	other_mr = stack_reg_attr(&other);
	stack_break(STACK_A);
	wait_for_call();
	status = child_status();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
	assert_int_equal(shared->n_calls, 1);
	assert_int_equal(shared->n_exits, 0);
	/* The parent's handlers go on. */
	stack_break(STACK_B);
	wait_for_call();
	assert_ptr_equal(seen.mr, other_mr);
	stack_dereg_ok(mr);
	stack_dereg_ok(other_mr);
}

HANDLER_CASE(returns_in_a_child__which_ends)
{
	returns_in_a_child(fork);
}

HANDLER_CASE(returns_in_a_child__which_ends_unseen_fork)
{
	if (UNDER_TSAN)
		SKIP_CASE("ThreadSanitizer cannot follow there");
	returns_in_a_child(_Fork);
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || atexit(at_exit))
		return 1;
	return run_cases();
}
