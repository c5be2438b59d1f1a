// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Inside a section no signal handler runs and no thread is cancelled. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/lock.h"
#include "lib/child.h"
#include "lib/test.h"

static sigset_t mask(void)
{
	sigset_t set;

	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
	return set;
}

static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
	       signal == SIGILL || signal == SIGTRAP || signal == SIGSYS;
}

/* Those that the C library keeps to itself and that cannot be blocked */
static bool is_special(int signal)
{
	return signal == SIGKILL || signal == SIGSTOP ||
	       (signal >= 32 && signal < SIGRTMIN);
}

CASE(inside__all_but_faults_are_blocked)
{
	struct section section;
	sigset_t inside;
	int i;

	section_enter(&section);
	inside = mask();
	section_leave(&section);
	for (i = 1; i <= SIGRTMAX; i++)
		if (!is_special(i))
			assert_int_equal(sigismember(&inside, i), !is_fault(i));
}

CASE(left__mask_is_as_before)
{
	struct section section;
	sigset_t before, after;
	int i;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	section_enter(&section);
	section_leave(&section);
	after = mask();
	for (i = 1; i <= SIGRTMAX; i++)
		assert_int_equal(sigismember(&after, i), i == SIGUSR2);
	sigemptyset(&before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

CASE(nested__inner_leave_keeps_the_outer)
{
	struct section outer, inner;
	sigset_t inside, after;

	section_enter(&outer);
	section_enter(&inner);
	section_leave(&inner);
	inside = mask();
	section_leave(&outer);
	after = mask();
	assert_true(sigismember(&inside, SIGUSR1));
	assert_false(sigismember(&after, SIGUSR1));
}

static volatile sig_atomic_t n_handled;

static void count(int signal)
{
	n_handled++;
}

CASE(signal_inside__is_handled_when_left)
{
	struct sigaction action = { .sa_handler = count };
	struct section section;
	int inside;

	sigaction(SIGUSR1, &action, NULL);
	n_handled = 0;
	section_enter(&section);
	raise(SIGUSR1);
	inside = n_handled;
	section_leave(&section);
	assert_int_equal(inside, 0);
	assert_int_equal(n_handled, 1);
}

static void interrupted(void *arg, void *ret_result)
{
	const struct sigaction *action = arg;
	struct section section;

	sigaction(SIGTERM, action, NULL);
	section_enter(&section);
	raise(SIGTERM);
	section_let_end(&section);
	*(int *)ret_result = 1 + n_handled;
	section_leave(&section);
	*(int *)ret_result += 10 * (1 + n_handled);
}

/* What a child has come to that is interrupted; WIFSIGNALED(*@ret_status)? */
static int interrupt(void (*handler)(int), int *ret_status)
{
	struct sigaction action = { .sa_handler = handler };
	int result = 0;

	n_handled = 0;
	*ret_status = child_run(interrupted, &action, &result, sizeof(result));
	return result;
}

CASE(let_end__without_a_handler_it_does)
{
	int status;

	assert_int_equal(interrupt(SIG_DFL, &status), 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

CASE(let_end__handlers_wait)
{
	int status;

	assert_int_equal(interrupt(count, &status), 1 + 10 * 2);
	assert_true(WIFEXITED(status));
}

CASE(let_end__ignored_stays_so)
{
	int status;

	assert_int_equal(interrupt(SIG_IGN, &status), 1 + 10 * 1);
	assert_true(WIFEXITED(status));
}

/* By the program, before the section */
CASE(let_end__blocked_stays_so)
{
	sigset_t before, term;
	int status;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, &before);
	assert_int_equal(interrupt(SIG_DFL, &status), 1 + 10 * 1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_true(WIFEXITED(status));
}

static bool was_left;

static void *cancel_inside(void *arg)
{
	struct section section;

	section_enter(&section);
	pthread_cancel(pthread_self());
	pthread_testcancel();
	was_left = true;
	section_leave(&section);
	pthread_testcancel();
	return NULL;
}

CASE(cancel_inside__takes_effect_when_left)
{
	pthread_t thread;
	void *result;

	was_left = false;
	assert_int_equal(pthread_create(&thread, NULL, cancel_inside, NULL), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_true(was_left);
	assert_ptr_equal(result, PTHREAD_CANCELED);
}

CASE(left__cancellation_stays_off_if_it_was)
{
	struct section section;
	int old_state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	section_enter(&section);
	section_leave(&section);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old_state);
	assert_int_equal(old_state, PTHREAD_CANCEL_DISABLE);
}
