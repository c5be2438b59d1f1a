// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Who has a file open, from the real /proc */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/backing.h"

static struct file file;
static char text[100];

static int setup(void **state)
{
	file_make(&file, DISK, 1);
	return 0;
}

static int teardown(void **state)
{
	file_put(&file);
	return 0;
}

#define OPENER_CASE(fn) CASE_WITH(fn, setup, teardown)

static const char *name(void)
{
	strcpy(text, "untouched");
	opener_name(file.dev, file.ino, text, sizeof(text));
	return text;
}

/* A child that has the file open, once this returns */
static pid_t child_with_file(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		int fd = open(file.path, O_RDONLY);

		alarm(DEADLINE_MS / 1000);
		prctl(PR_SET_NAME, "other reader");
		if (fd < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

OPENER_CASE(another_process__number_and_name)
{
	char expected[64];
	pid_t pid;

	file_close(&file);
	pid = child_with_file();
	snprintf(expected, sizeof(expected), "process %d (other reader)", pid);
	assert_string_equal(name(), expected);
	end_child(pid);
	assert_string_equal(name(), "");
}

/* Which is always there when it asks for a lease */
OPENER_CASE(another_and_this_one__another)
{
	char expected[64];
	pid_t pid = child_with_file();

	snprintf(expected, sizeof(expected), "process %d (other reader)", pid);
	assert_string_equal(name(), expected);
	end_child(pid);
}

OPENER_CASE(this_program__itself)
{
	assert_string_equal(name(),
			    "this program itself by more than one open(2), or "
			    "a process that it cannot see,");
}

OPENER_CASE(nobody__empty)
{
	file_close(&file);
	assert_string_equal(name(), "");
}

OPENER_CASE(only_mapped__empty)
{
	(void)file_map(&file, 0, 1, 3, NULL);
	file_close(&file);
	assert_string_equal(name(), "");
}

OPENER_CASE(small_buffer__cut)
{
	memset(text, 'x', sizeof(text));
	opener_name(file.dev, file.ino, text, 5);
	assert_string_equal(text, "this");
	assert_int_equal(text[5], 'x');
}
