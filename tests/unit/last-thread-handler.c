// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The last thread of the program may be ours, in a handler of the program. */
#include <pthread.h>
#include <stdlib.h>

#include "lib/program.h"

static void break_a(pinsafe_break_handler *handler)
{
	program_register(handler);
	fake_break_begin(STACK_A);
	pthread_exit(NULL);
}

static void handle_nothing(const struct pinsafe_event *event)
{
}

static void main_only(void)
{
	program_register(handle_nothing);
	fputs("main\n", program_out);
	pthread_exit(NULL);
}

PROGRAM_CASE(idle__exit)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(main_only), "main\natexit\n",
			  EXIT_SUCCESS);
}

static void handle_when_alone(const struct pinsafe_event *event)
{
	program_wait_for_others();
	program_wait_for_look();
	fputs("handler\n", program_out);
}

static void break_for_handler(void)
{
	break_a(handle_when_alone);
}

PROGRAM_CASE(is_run__exit_after_it)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(break_for_handler), "handler\natexit\n",
			  EXIT_SUCCESS);
}

static void *outlive_handler(void *arg)
{
	program_wait_for_look();
	fputs("of handler\n", program_out);
	return NULL;
}

static void start_thread(const struct pinsafe_event *event)
{
	program_wait_for_main();
	program_start_thread(outlive_handler);
}

static void break_for_thread(void)
{
	break_a(start_thread);
}

PROGRAM_CASE(starts_a_thread__exit_after_it)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(break_for_thread), "of handler\natexit\n",
			  EXIT_SUCCESS);
}

/* Then that one is not there to be counted any more. */
static void start_thread_and_end(const struct pinsafe_event *event)
{
	program_start_thread(outlive_handler);
	pthread_exit(NULL);
}

static void break_for_end(void)
{
	break_a(start_thread_and_end);
}

PROGRAM_CASE(ends_its_thread__the_others_count)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(break_for_end), "of handler\natexit\n",
			  EXIT_SUCCESS);
}
