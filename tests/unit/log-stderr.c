// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Lines go to standard error only while descriptor 2 is the file that it was
 * at load, and what comes of that neither ends nor stops the program.  Each case
 * starts this program again, with a file as descriptor 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
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

/* Nothing that the line leaves behind may end or stop the program. */
static int say(void)
{
	sigset_t pending;

	log_warn("line");
	return sigpending(&pending) || sigismember(&pending, SIGPIPE) ||
	       sigismember(&pending, SIGXFSZ);
}

static int no_reader(void)
{
	int ends[2];

	if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0)
		return 1;
	close(ends[0]);
	log_file_remember_stderr();
	return say();
}

static int file_full(void)
{
	const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_FSIZE, &none) ? 1 : say();
}

/* One that was pending before is the program's. */
static int file_full_before(void)
{
	sigset_t own;
	int signal;

	sigemptyset(&own);
	sigaddset(&own, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &own, NULL);
	raise(SIGXFSZ);
	if (file_full() != 1 || sigwait(&own, &signal))
		return 2;
	return signal != SIGXFSZ;
}

/* In the background of a terminal that stops those who write to it */
static int write_in_background(int terminal)
{
	if (setpgid(0, 0) || dup2(terminal, STDERR_FILENO) < 0)
		return 1;
	log_file_remember_stderr();
	return say();
}

static int background(void)
{
	int main_end = posix_openpt(O_RDWR | O_NOCTTY), terminal, status;
	struct termios mode;
	pid_t pid;

	if (main_end < 0 || grantpt(main_end) || unlockpt(main_end))
		return 1;
	setsid();
	terminal = open(ptsname(main_end), O_RDWR);
	if (terminal < 0 || tcgetattr(terminal, &mode))
		return 1;
	mode.c_lflag |= TOSTOP;
	if (tcsetattr(terminal, TCSANOW, &mode))
		return 1;
	pid = fork();
	if (!pid)
		_exit(write_in_background(terminal));
	if (waitpid(pid, &status, WUNTRACED) != pid)
		return 1;
	if (WIFSTOPPED(status))
		kill(pid, SIGKILL);
	return status;
}

static int run(int argc, char **argv)
{
	if (!strcmp(argv[1], "same-file"))
		return same_file();
	if (!strcmp(argv[1], "closed-later"))
		return closed_later();
	if (!strcmp(argv[1], "no-reader"))
		return no_reader();
	if (!strcmp(argv[1], "file-full"))
		return file_full();
	if (!strcmp(argv[1], "file-full-before"))
		return file_full_before();
	if (!strcmp(argv[1], "background"))
		return background() != 0;
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

FILE_CASE(stderr_without_reader__program_goes_on)
{
	assert_int_equal(start(at_load.fd, "no-reader", NULL), 0);
}

FILE_CASE(stderr_beyond_file_size_limit__program_goes_on)
{
	assert_int_equal(start(at_load.fd, "file-full", NULL), 0);
	assert_string_equal(file_text(at_load.path), "");
}

FILE_CASE(signal_was_pending__is_left)
{
	assert_int_equal(start(at_load.fd, "file-full-before", NULL), 0);
}

FILE_CASE(stderr_of_tostop_terminal__program_goes_on)
{
	assert_int_equal(start(at_load.fd, "background", NULL), 0);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return run(argc, argv);
	return run_cases();
}
