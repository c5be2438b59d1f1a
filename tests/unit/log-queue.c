// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Lines of a thread that must not wait, as the keeper: others write them, and
 * none of them is waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "fakes/fake_write.h"
#include "lib/files.h"
#include "lib/test.h"
#include "lib/wait.h"

static struct file log_file;

static int setup(void **state)
{
	file_make(&log_file, DISK, 0);
	log_setup(LOG_LEVEL_WARN, log_file.path);
	fake_write_calls = 0;
	return 0;
}

static int teardown(void **state)
{
	log_setup(LOG_LEVEL_WARN, NULL);
	file_put(&log_file);
	return 0;
}

#define QUEUE_CASE(fn) CASE_WITH(fn, setup, teardown)

/* As the keeper: it writes nothing by itself. */
static void *log_lines(void *arg)
{
	int i, n = *(int *)arg;

	log_defer();
	errno = EDOM;
	for (i = 1; i <= n; i++)
		log_warn("%d", i);
	return errno == EDOM ? NULL : arg;
}

static void log_deferred(int n)
{
	pthread_t thread;
	void *result;

	assert_false(pthread_create(&thread, NULL, log_lines, &n));
	assert_false(pthread_join(thread, &result));
	assert_null(result);
}

QUEUE_CASE(deferred__written_by_who_drains)
{
	log_deferred(2);
	assert_int_equal(fake_write_calls, 0);
	log_queue_drain();
	assert_string_equal(file_text(log_file.path),
			    "pinsafe: 1\npinsafe: 2\n");
}

QUEUE_CASE(deferred__before_the_next_line)
{
	log_deferred(1);
	log_warn("next");
	assert_string_equal(file_text(log_file.path),
			    "pinsafe: 1\npinsafe: next\n");
}

QUEUE_CASE(too_many__dropped_and_said)
{
	const char *text;

	log_deferred(100);
	log_queue_drain();
	text = file_text(log_file.path);
	assert_non_null(strstr(text, "pinsafe: 64\n"));
	assert_null(strstr(text, "pinsafe: 65\n"));
	assert_non_null(strstr(text, "36 lines were dropped"));
}

/* A reader that does not read: neither who logs nor who drains waits for it. */
static int fill_stderr(int *ret_saved)
{
	char block[4096] = { 0 };
	int ends[2];

	assert_false(pipe(ends));
	*ret_saved = dup(STDERR_FILENO);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
	while (write(STDERR_FILENO, block, sizeof(block)) > 0)
		;
	fcntl(STDERR_FILENO, F_SETFL, 0);
	return ends[0];
}

static void restore_stderr(int saved)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void *start_full(void *arg)
{
	int saved, reader = fill_stderr(&saved);

	(void)arg;
	log_file_remember_stderr();
	log_setup(LOG_LEVEL_WARN, NULL);
	fake_write_calls = 0;
	log_deferred(3);
	log_queue_drain();
	restore_stderr(saved);
	close(reader);
	return NULL;
}

QUEUE_CASE(full_stderr__nobody_waits)
{
	start_full(NULL);
	assert_int_equal(fake_write_calls, 0);
	log_setup(LOG_LEVEL_WARN, log_file.path);
	log_queue_drain();
	assert_string_equal(file_text(log_file.path),
			    "pinsafe: 1\npinsafe: 2\npinsafe: 3\n");
}

static _Atomic bool is_said_to_be_writable;

bool __real_sys_is_writable(int fd);
bool __wrap_sys_is_writable(int fd);

bool __wrap_sys_is_writable(int fd)
{
	return is_said_to_be_writable || __real_sys_is_writable(fd);
}

static void *drain(void *arg)
{
	log_queue_drain();
	return arg;
}

static bool is_written(void *arg)
{
	(void)arg;
	return fake_write_calls;
}

/*
 * Another writer fills the pipe between the look and the write: who drains is
 * stuck, as in any write of its own, but neither who logs nor others who drain.
 */
QUEUE_CASE(full_after_the_look__only_one_is_stuck)
{
	int saved, reader = fill_stderr(&saved);
	char block[4096];
	pthread_t thread;

	fcntl(reader, F_SETFL, O_NONBLOCK);
	log_file_remember_stderr();
	log_setup(LOG_LEVEL_WARN, NULL);
	fake_write_calls = 0;
	is_said_to_be_writable = true;
	log_deferred(1);
	assert_false(pthread_create(&thread, NULL, drain, NULL));
	assert_true(wait_until(is_written, NULL));
	log_deferred(2);
	log_queue_drain();
	assert_int_equal(fake_write_calls, 1);
	/* Somebody reads */
	while (pthread_tryjoin_np(thread, NULL) == EBUSY)
		(void)!read(reader, block, sizeof(block));
	is_said_to_be_writable = false;
	restore_stderr(saved);
	close(reader);
	assert_int_equal(fake_write_calls, 3);
}

static bool has_line(void *arg)
{
	return strstr(file_text(log_file.path), arg);
}

/* Last: it stays. */
QUEUE_CASE(nobody_comes_by__the_thread_writes)
{
	log_queue_start();
	assert_true(log_queue_has_thread());
	log_deferred(1);
	assert_true(wait_until(has_line, (void *)"pinsafe: 1\n"));
}
