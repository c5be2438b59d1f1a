// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Lines go to standard error only while descriptor 2 is the file that it was
 * at load.  Each case starts this program again, with a file as descriptor 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/files.h"
#include "lib/test.h"

static struct file at_load, other;

/* What the program started anew does, by name */
static int same_file(void)
{
	log_warn("line");
	return 0;
}

static int closed_later(void)
{
	close(STDERR_FILENO);
	errno = EDOM;
	log_warn("line");
	return errno != EDOM;
}

static int replaced(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		return 1;
	log_warn("line");
	return 0;
}

static int run(int argc, char **argv)
{
	if (!strcmp(argv[1], "same-file"))
		return same_file();
	if (!strcmp(argv[1], "closed-later"))
		return closed_later();
	return argc > 2 ? replaced(argv[2]) : 2;
}

static int start(int stderr_fd, const char *name, const char *path)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (stderr_fd >= 0)
			dup2(stderr_fd, STDERR_FILENO);
		else
			close(STDERR_FILENO);
		execl("/proc/self/exe", "unit-log-stderr", name, path, NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int setup(void **state)
{
	file_make(&at_load, DISK, 0);
	file_make(&other, DISK, 0);
	return 0;
}

static int teardown(void **state)
{
	file_put(&at_load);
	file_put(&other);
	return 0;
}

#define FILE_CASE(fn) CASE_WITH(fn, setup, teardown)

FILE_CASE(stderr__is_written_to)
{
	assert_int_equal(start(at_load.fd, "same-file", NULL), 0);
	assert_string_equal(file_text(at_load.path), "pinsafe: line\n");
}

FILE_CASE(stderr_closed__nothing_is_written)
{
	assert_int_equal(start(at_load.fd, "closed-later", NULL), 0);
	assert_string_equal(file_text(at_load.path), "");
}

FILE_CASE(stderr_replaced__is_not_written_to)
{
	assert_int_equal(start(at_load.fd, "replaced", other.path), 0);
	assert_string_equal(file_text(at_load.path), "");
	assert_string_equal(file_text(other.path), "");
}

FILE_CASE(stderr_opened_after_load__is_not_written_to)
{
	assert_int_equal(start(-1, "replaced", other.path), 0);
	assert_string_equal(file_text(other.path), "");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return run(argc, argv);
	return run_cases();
}
