// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program whose last thread ends by pthread_exit(3) ends as by exit(0), also
 * with threads of ours; and not before.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/program.h"

static void *print_and_end(void *arg)
{
	program_wait_for_main();
	fputs("worker\n", program_out);
	return NULL;
}

static void main_first(void)
{
	program_register(NULL);
	program_start_thread(print_and_end);
	pthread_exit(NULL);
}

PROGRAM_CASE(all_have_ended__exit)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(main_first), "worker\natexit\n",
			  EXIT_SUCCESS);
	assert_int_equal(program_n_unlocked(), 1);
}

static void main_only(void)
{
	program_register(NULL);
	fputs("main\n", program_out);
	pthread_exit(NULL);
}

PROGRAM_CASE(main_alone__exit)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(main_only), "main\natexit\n",
			  EXIT_SUCCESS);
}

static void *go_on(void *arg)
{
	program_wait_for_main();
	program_wait_for_look();
	fputs("worker\n", program_out);
	return NULL;
}

static void worker_goes_on(void)
{
	program_register(NULL);
	program_start_thread(go_on);
	pthread_exit(NULL);
}

PROGRAM_CASE(one_is_left__goes_on)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(worker_goes_on), "worker\natexit\n",
			  EXIT_SUCCESS);
}

static void *register_b(void *arg)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_B);

	program_wait_for_main();
	fake_statx_is_dax = true;
	if (!pinsafe_reg_mr(&program_device.pd, &attr, sizeof(attr)))
		fputs("refused\n", program_out);
	else if (fake_lease_exists(STACK_B))
		fputs("guarded\n", program_out);
	else
		fputs("not guarded\n", program_out);
	return NULL;
}

static void worker_registers(void)
{
	program_register(NULL);
	program_start_thread(register_b);
	pthread_exit(NULL);
}

/* What /proc/self says of mappings is what the main thread has. */
PROGRAM_CASE(main_has_ended__registrations_are_guarded)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(worker_registers), "guarded\natexit\n",
			  EXIT_SUCCESS);
}

static void main_goes_on(void)
{
	program_register(NULL);
	program_wait_for_look();
	program_say("main\n");
	_exit(7);
}

PROGRAM_CASE(main_is_left__goes_on)
{
	program_ends_with(program_run(main_goes_on), "main\n", 7);
}

static void fork_and_end(void)
{
	pid_t pid;
	int status;

	program_register(NULL);
	pid = fork();
	if (pid) {
		if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
			program_broken();
		_exit(WEXITSTATUS(status));
	}
	/* In the fake kernel, which is a copy, the file has no lease here. */
	fake_fcntl_files(stack_files, STACK_FILES);
	stack_open(&program_device, -1);
	main_first();
}

PROGRAM_CASE(in_a_child__exit)
{
	NOT_UNDER_TSAN();
	program_ends_with(program_run(fork_and_end), "worker\natexit\n",
			  EXIT_SUCCESS);
}
