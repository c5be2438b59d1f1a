// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "configured.h"
#include "test.h"

struct file configured_file, configured_log;

struct process {
	const char *variable, *path;
};

int group_setup(void **state)
{
	file_make(&configured_file, DISK, 0);
	file_make(&configured_log, DISK, 0);
	setenv("PINSAFE_CONFIG", configured_file.path, 1);
	setenv("PINSAFE_LOG_FILE", configured_log.path, 1);
	return 0;
}

int group_teardown(void **state)
{
	file_put(&configured_file);
	file_put(&configured_log);
	return 0;
}

void configured_write(const char *text, size_t n)
{
	assert_int_equal(ftruncate(configured_file.fd, 0), 0);
	assert_int_equal(pwrite(configured_file.fd, text, n, 0), n);
}

void configured_text(const char *text)
{
	configured_write(text, strlen(text));
}

/* In a child, as all is read only once */
static void read_all(void *arg, void *ret_result)
{
	const struct process *process = arg;
	struct configured *result = ret_result;
	static char variable[4096], name[] = PROGRAM;

	program_invocation_short_name = name;
	if (process->variable) {
		snprintf(variable, sizeof(variable), "%s", process->variable);
		putenv(variable);
	}
	errno = 0;
	result->policy = config_policy(process->path);
	result->config = *config_get();
	result->may_guard_shmem = config_may_guard_shmem();
	config_set_uninvited();
	result->warns_uninvited = config_policy(process->path).warn_on_refuse;
	result->error = errno;
}

const char *configured(const char *variable, const char *path,
		       struct configured *ret_configured)
{
	struct process process = { variable, path };

	assert_int_equal(ftruncate(configured_log.fd, 0), 0);
	assert_int_equal(child_run(read_all, &process, ret_configured,
				   sizeof(*ret_configured)),
			 0);
	return file_text(configured_log.path);
}

struct configured configured_silently(const char *variable, const char *path)
{
	struct configured result;

	assert_string_equal(configured(variable, path, &result), "");
	return result;
}

enum guard_choice configured_guard(const char *path)
{
	return configured_silently(NULL, path).policy.guard;
}

void assert_reported(const char *log, int line, const char *what)
{
	char expected[PATH_MAX + 512];

	snprintf(expected, sizeof(expected), "pinsafe: config: %s:%d: %s\n",
		 configured_file.path, line, what);
	assert_string_equal(log, expected);
}

void assert_policy(struct policy policy, struct policy expected)
{
	assert_int_equal(policy.guard, expected.guard);
	assert_int_equal(policy.warn_on_refuse, expected.warn_on_refuse);
	assert_int_equal(policy.hold_on_break, expected.hold_on_break);
	assert_int_equal(policy.guard_shmem, expected.guard_shmem);
	assert_int_equal(policy.page_cache_write, expected.page_cache_write);
	assert_int_equal(policy.grace_ms, expected.grace_ms);
}
