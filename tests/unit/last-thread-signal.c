// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Signals for a program whose last thread has ended by pthread_exit(3): nobody
 * but us is left to take them.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/program.h"

static void hang(void)
{
	program_say("hangs\n");
	for (;;)
		pause();
}

static void hang_at_exit(void)
{
	program_register(NULL);
	if (atexit(hang))
		program_broken();
	pthread_exit(NULL);
}

PROGRAM_CASE(at_exit__ends_it)
{
	const char *heard;
	pid_t pid;

	NOT_UNDER_TSAN();
	pid = program_run(hang_at_exit);
	heard = program_hear(pid);
	assert_non_null(heard);
	assert_string_equal(heard, "hangs\n");
	assert_int_equal(kill(pid, SIGTERM), 0);
	program_is_killed(pid, SIGTERM);
}

static void block(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		program_broken();
}

/* As if it came when there is nobody but us */
static void *leave_signal(void *arg)
{
	block(SIGTERM);
	program_wait_for_main();
	if (kill(getpid(), SIGTERM))
		program_broken();
	return NULL;
}

static void main_leaves_signal(void)
{
	program_register(NULL);
	program_start_thread(leave_signal);
	pthread_exit(NULL);
}

PROGRAM_CASE(is_pending__ends_it)
{
	NOT_UNDER_TSAN();
	program_is_killed(program_run(main_leaves_signal), SIGTERM);
}

static void main_blocks_signal(void)
{
	program_register(NULL);
	block(SIGTERM);
	program_start_thread(leave_signal);
	pthread_exit(NULL);
}

PROGRAM_CASE(is_blocked_by_the_program__exit)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(main_blocks_signal), "atexit\n",
			  EXIT_SUCCESS);
}
