// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program whose last thread ends by pthread_exit(3) ends as by exit(0), also
 * with threads of ours; and not before.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/fake_sigtimedwait.h"
#include "lib/stack_api.h"

/* Exit status of a program that could not do what the case needs */
#define BROKEN 99

#if defined(__SANITIZE_ADDRESS__) || TEST_HAS_FEATURE(address_sanitizer)
const char *__asan_default_options(void)
	__attribute__((visibility("default")));

/* With its stack, what the main thread had allocated is out of reach. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static int output[2];
/* Shared with the program */
static struct {
	int n_unlocked;
} *shared;

static void say(const char *what)
{
	if (write(output[1], what, strlen(what)) < 0)
		_exit(BROKEN);
}

/* In the program from here on, where no assertion must fail */

static struct device device;
static FILE *out;

static void count_unlock(const struct file *file)
{
	shared->n_unlocked++;
}

static void at_exit(void)
{
	fputs("atexit\n", out);
}

static void start_program(void)
{
	close(output[0]);
	out = fdopen(output[1], "w");
	if (!out || atexit(at_exit))
		_exit(BROKEN);
	fake_fcntl_files(stack_files, STACK_FILES);
	fake_fcntl.on_unlock = count_unlock;
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	stack_open(&device, -1);
}

/* With an ordinary lease, which is given up at exit */
static void register_a(pinsafe_break_handler *handler)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);

	fake_statx_is_dax = false;
	attr.handler = handler;
	if (!pinsafe_reg_mr(&device.pd, &attr, sizeof(attr)))
		_exit(BROKEN);
}

struct status {
	char state; /* of the main thread */
	int n_threads;
};

static struct status status_now(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	struct status status = {0};
	char line[128];

	if (!file)
		_exit(BROKEN);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "State: %c", &status.state) != 1)
			(void)sscanf(line, "Threads: %d", &status.n_threads);
	fclose(file);
	return status;
}

static bool main_has_ended(void *arg)
{
	return status_now().state == 'Z';
}

/* But for the keeper, the one that waits for the end, and this one */
static bool others_have_ended(void *arg)
{
	struct status status = status_now();

	return status.state == 'Z' && status.n_threads == 1 + 3;
}

static bool has_looked(void *since)
{
	/* The look that follows the first timeout ends before the second. */
	return fake_sigtimedwait_timeouts() - *(unsigned int *)since >= 2;
}

/* Until the keeper has seen what is there now */
static void wait_for_look(void)
{
	unsigned int since = fake_sigtimedwait_timeouts();

	if (!wait_until(has_looked, &since))
		_exit(BROKEN);
}

static void start_thread(void *(*fn)(void *arg))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, NULL) || pthread_detach(thread))
		_exit(BROKEN);
}

/* The parent's side */

static int setup(void **state)
{
	stack_setup(state);
	memset(shared, 0, sizeof(*shared));
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	return 0;
}

static int teardown(void **state)
{
	close(output[0]);
	return stack_teardown(state);
}

static pid_t run(void (*program)(void))
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		start_program();
		program();
		_exit(BROKEN);
	}
	assert_true(pid > 0);
	close(output[1]);
	return pid;
}

/* The next of what it says; NULL when nobody is left to say anything */
static const char *hear(pid_t pid)
{
	struct pollfd ready = {.fd = output[0], .events = POLLIN};
	static char text[256];
	ssize_t n;

	if (poll(&ready, 1, DEADLINE_MS) != 1) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		fail_msg("the program does not end");
	}
	n = read(output[0], text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	return n ? text : NULL;
}

static int status_of(pid_t pid)
{
	int status;

	while (hear(pid))
		;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void ends_with(pid_t pid, const char *text, int status)
{
	const char *heard = hear(pid);
	int got;

	assert_non_null(heard);
	assert_string_equal(heard, text);
	got = status_of(pid);
	assert_true(WIFEXITED(got));
	assert_int_equal(WEXITSTATUS(got), status);
}

#define NOT_UNDER_TSAN()                                           \
	do {                                                       \
		if (UNDER_TSAN)                                    \
			SKIP_CASE("ThreadSanitizer has a thread"); \
	} while (0)

static void *print_and_end(void *arg)
{
	if (!wait_until(main_has_ended, NULL))
		_exit(BROKEN);
	fputs("worker\n", out);
	return NULL;
}

static void main_first(void)
{
	register_a(NULL);
	start_thread(print_and_end);
	pthread_exit(NULL);
}

static void all_have_ended__exit(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(main_first), "worker\natexit\n", EXIT_SUCCESS);
	assert_int_equal(shared->n_unlocked, 1);
}

static void *go_on(void *arg)
{
	if (!wait_until(main_has_ended, NULL))
		_exit(BROKEN);
	wait_for_look();
	fputs("worker\n", out);
	return NULL;
}

static void worker_goes_on(void)
{
	register_a(NULL);
	start_thread(go_on);
	pthread_exit(NULL);
}

static void one_is_left__goes_on(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(worker_goes_on), "worker\natexit\n", EXIT_SUCCESS);
}

static void *register_b(void *arg)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_B);

	if (!wait_until(main_has_ended, NULL))
		_exit(BROKEN);
	fake_statx_is_dax = true;
	if (!pinsafe_reg_mr(&device.pd, &attr, sizeof(attr)))
		fputs("refused\n", out);
	else if (fake_lease_exists(STACK_B))
		fputs("guarded\n", out);
	else
		fputs("not guarded\n", out);
	return NULL;
}

static void worker_registers(void)
{
	register_a(NULL);
	start_thread(register_b);
	pthread_exit(NULL);
}

/* What /proc/self says of mappings is what the main thread has. */
static void main_has_ended__registrations_are_guarded(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(worker_registers), "guarded\natexit\n", EXIT_SUCCESS);
}

static void main_goes_on(void)
{
	register_a(NULL);
	wait_for_look();
	say("main\n");
	_exit(7);
}

static void main_is_left__goes_on(void **state)
{
	ends_with(run(main_goes_on), "main\n", 7);
}

static void main_only(void)
{
	register_a(NULL);
	fputs("main\n", out);
	pthread_exit(NULL);
}

static void main_alone__exit(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(main_only), "main\natexit\n", EXIT_SUCCESS);
}

static void handle_nothing(const struct pinsafe_event *event)
{
}

static void main_with_handler(void)
{
	register_a(handle_nothing);
	fputs("main\n", out);
	pthread_exit(NULL);
}

static void handler_that_is_idle__exit(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(main_with_handler), "main\natexit\n", EXIT_SUCCESS);
}

static void fork_and_end(void)
{
	pid_t pid;
	int status;

	register_a(NULL);
	pid = fork();
	if (pid) {
		if (waitpid(pid, &status, 0) != pid)
			_exit(BROKEN);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN);
	}
	fake_fcntl_files(stack_files, STACK_FILES);
	stack_open(&device, -1);
	main_first();
}

static void in_a_child__exit(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(fork_and_end), "worker\natexit\n", EXIT_SUCCESS);
}

static void handle_when_alone(const struct pinsafe_event *event)
{
	if (!wait_until(others_have_ended, NULL))
		_exit(BROKEN);
	wait_for_look();
	fputs("handler\n", out);
}

static void main_breaks(void)
{
	register_a(handle_when_alone);
	fake_break_begin(STACK_A);
	pthread_exit(NULL);
}

static void handler_is_run__exit_after_it(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(main_breaks), "handler\natexit\n", EXIT_SUCCESS);
}

static void *leave_thread(void *arg)
{
	wait_for_look();
	fputs("of handler\n", out);
	return NULL;
}

static void start_in_handler(const struct pinsafe_event *event)
{
	if (!wait_until(main_has_ended, NULL))
		_exit(BROKEN);
	start_thread(leave_thread);
}

static void main_breaks_for_thread(void)
{
	register_a(start_in_handler);
	fake_break_begin(STACK_A);
	pthread_exit(NULL);
}

static void thread_of_a_handler__exit_after_it(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(main_breaks_for_thread), "of handler\natexit\n",
		  EXIT_SUCCESS);
}

/* Then the thread that runs handlers is not there to be counted. */
static void end_in_handler(const struct pinsafe_event *event)
{
	start_thread(leave_thread);
	pthread_exit(NULL);
}

static void main_breaks_for_end(void)
{
	register_a(end_in_handler);
	fake_break_begin(STACK_A);
	pthread_exit(NULL);
}

static void handler_ends_its_thread__the_others_count(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(main_breaks_for_end), "of handler\natexit\n",
		  EXIT_SUCCESS);
}

static void hang(void)
{
	say("hangs\n");
	for (;;)
		pause();
}

static void hang_at_exit(void)
{
	register_a(NULL);
	if (atexit(hang))
		_exit(BROKEN);
	pthread_exit(NULL);
}

static void assert_killed(pid_t pid, int signal)
{
	int status = status_of(pid);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), signal);
}

static void signal_at_exit__ends_it(void **state)
{
	const char *heard;
	pid_t pid;

	NOT_UNDER_TSAN();
	pid = run(hang_at_exit);
	heard = hear(pid);
	assert_non_null(heard);
	assert_string_equal(heard, "hangs\n");
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_killed(pid, SIGTERM);
}

static void block(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		_exit(BROKEN);
}

/* As if it came when there is nobody but us */
static void *leave_signal(void *arg)
{
	block(SIGTERM);
	if (!wait_until(main_has_ended, NULL) || kill(getpid(), SIGTERM))
		_exit(BROKEN);
	return NULL;
}

static void main_leaves_signal(void)
{
	register_a(NULL);
	start_thread(leave_signal);
	pthread_exit(NULL);
}

static void signal_is_pending__ends_it(void **state)
{
	NOT_UNDER_TSAN();
	assert_killed(run(main_leaves_signal), SIGTERM);
}

static void main_blocks_signal(void)
{
	register_a(NULL);
	block(SIGTERM);
	start_thread(leave_signal);
	pthread_exit(NULL);
}

static void signal_is_blocked_by_the_program__exit(void **state)
{
	NOT_UNDER_TSAN();
	ends_with(run(main_blocks_signal), "atexit\n", EXIT_SUCCESS);
}

#define LAST_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		LAST_CASE(all_have_ended__exit),
		LAST_CASE(main_alone__exit),
		LAST_CASE(one_is_left__goes_on),
		LAST_CASE(main_has_ended__registrations_are_guarded),
		LAST_CASE(main_is_left__goes_on),
		LAST_CASE(in_a_child__exit),
		LAST_CASE(handler_that_is_idle__exit),
		LAST_CASE(handler_is_run__exit_after_it),
		LAST_CASE(thread_of_a_handler__exit_after_it),
		LAST_CASE(handler_ends_its_thread__the_others_count),
		LAST_CASE(signal_at_exit__ends_it),
		LAST_CASE(signal_is_pending__ends_it),
		LAST_CASE(signal_is_blocked_by_the_program__exit),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	return STACK_MAIN(cases);
}
