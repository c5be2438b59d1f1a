// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fakes/fake_sigtimedwait.h"
#include "aside.h"
#include "program.h"

#define BROKEN 99

#if defined(__SANITIZE_ADDRESS__) || TEST_HAS_FEATURE(address_sanitizer)
const char *__asan_default_options(void) __attribute__((visibility("default")));

/* With its stack, what the main thread had allocated is out of reach. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

FILE *program_out;
struct device program_device;

static int output[2];
/* Shared with the program */
static int *n_unlocked;

int program_setup(void **state)
{
	stack_setup(state);
	n_unlocked = mmap(NULL, sizeof(*n_unlocked), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(n_unlocked, MAP_FAILED);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	return 0;
}

int program_teardown(void **state)
{
	close(output[0]);
	munmap(n_unlocked, sizeof(*n_unlocked));
	return stack_teardown(state);
}

int program_n_unlocked(void)
{
	return *n_unlocked;
}

const char *program_hear(pid_t pid)
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

	while (program_hear(pid))
		;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

void program_ends_with(pid_t pid, const char *text, int status)
{
	const char *heard = program_hear(pid);
	int got;

	assert_non_null(heard);
	assert_string_equal(heard, text);
	got = status_of(pid);
	assert_true(WIFEXITED(got));
	assert_int_equal(WEXITSTATUS(got), status);
}

void program_is_killed(pid_t pid, int signal)
{
	int status = status_of(pid);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), signal);
}

void program_broken(void)
{
	_exit(BROKEN);
}

static void at_exit(void)
{
	fputs("atexit\n", program_out);
}

static void count_unlock(const struct file *file)
{
	++*n_unlocked;
}

static void start(void)
{
	close(output[0]);
	program_out = fdopen(output[1], "w");
	if (!program_out || atexit(at_exit))
		program_broken();
	fake_fcntl.on_unlock = count_unlock;
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	stack_open(&program_device, -1);
}

pid_t program_run(void (*program)(void))
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		start();
		program();
		program_broken();
	}
	assert_true(pid > 0);
	close(output[1]);
	return pid;
}

void program_say(const char *what)
{
	if (write(output[1], what, strlen(what)) < 0)
		program_broken();
}

void program_register(pinsafe_break_handler *handler)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);

	fake_statx_is_dax = false;
	attr.handler = handler;
	if (!pinsafe_reg_mr(&program_device.pd, &attr, sizeof(attr)))
		program_broken();
}

void program_start_thread(void *(*fn)(void *arg))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, NULL) || pthread_detach(thread))
		program_broken();
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
		program_broken();
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

/*
 * It is in the list for as long as the process lives, and so are four of ours:
 * the keeper, and those that write the log, end the process and run handlers; and
 * those aside of the keeper.
 */
static bool others_have_ended(void *arg)
{
	struct status status = status_now();

	return status.state == 'Z' && status.n_threads == 1 + 4 + aside_n_threads();
}

static bool has_looked(void *since)
{
	/* The look that follows the first timeout ends before the second. */
	return fake_sigtimedwait_timeouts() - *(unsigned int *)since >= 2;
}

static void wait_for(bool (*is_true)(void *arg), void *arg)
{
	if (!wait_until(is_true, arg))
		program_broken();
}

void program_wait_for_main(void)
{
	wait_for(main_has_ended, NULL);
}

void program_wait_for_others(void)
{
	wait_for(others_have_ended, NULL);
}

void program_wait_for_look(void)
{
	unsigned int since = fake_sigtimedwait_timeouts();

	wait_for(has_looked, &since);
}
