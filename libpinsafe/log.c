// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Log lines, to PINSAFE_LOG_FILE or to standard error.
 *
 * The file is opened for every line, because a descriptor that is kept could be
 * closed and its number reused by the program.  Standard error is only written
 * to while descriptor 2 still is the file that it was when we were loaded: a
 * program that closed it may have a data file there now.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

static enum log_level max_level = LOG_LEVEL_WARN;
static const char *log_file;
static struct stat stderr_at_load;
static bool stderr_was_open;
static __thread int (*borrow_stderr)(void);

__attribute__((constructor(101))) static void remember_stderr(void)
{
	int saved_errno = errno;

	stderr_was_open = fstat(STDERR_FILENO, &stderr_at_load) == 0;
	errno = saved_errno;
}

void log_setup(enum log_level level, const char *file)
{
	max_level = level;
	log_file = file;
}

void log_borrow_stderr(int (*borrow)(void))
{
	borrow_stderr = borrow;
}

static bool is_stderr_of_load(int fd)
{
	struct stat st;

	return stderr_was_open && fstat(fd, &st) == 0 &&
	       st.st_dev == stderr_at_load.st_dev &&
	       st.st_ino == stderr_at_load.st_ino;
}

struct destination {
	int fd;
	bool is_stderr;
	bool must_close;
};

/*
 * The file, or standard error if there is none.  O_NONBLOCK: the keeper must not
 * wait for who reads a pipe.  A program whose log cannot be opened, or which has
 * no descriptor to spare, shall still be told why its registration failed.
 */
static struct destination open_log(void)
{
	struct destination to = { .fd = -1, .must_close = true };

	if (log_file) {
		to.fd = open(log_file,
			     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
				     O_NOCTTY | O_NONBLOCK,
			     0644);
		/* ENXIO: a pipe that nobody reads */
		if (to.fd >= 0 || errno == ENXIO)
			return to;
	}
	to.is_stderr = true;
	to.must_close = borrow_stderr;
	to.fd = borrow_stderr ? borrow_stderr() : STDERR_FILENO;
	return to;
}

/*
 * There is nobody to tell if it fails.  A pipe without a reader must not kill
 * the program, nor a full one hold up the keeper.
 */
static void write_line(const struct destination *to, const char *line, size_t n)
{
	struct pollfd ready = { .fd = to->fd, .events = POLLOUT };
	const struct timespec now = { 0 };
	sigset_t pipe, pending, saved;

	if (borrow_stderr && to->is_stderr && poll(&ready, 1, 0) != 1)
		return;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &saved);
	sigpending(&pending);
	if (write(to->fd, line, n) < 0 && errno == EPIPE &&
	    !sigismember(&pending, SIGPIPE))
		(void)sigtimedwait(&pipe, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

void log_line(enum log_level level, const char *format, ...)
{
	int saved_errno = errno;
	struct destination to;
	char line[1024];
	va_list args;
	int n, m;

	if (level > max_level)
		return;
	to = open_log();
	if (to.fd < 0 || (to.is_stderr && !is_stderr_of_load(to.fd)))
		goto out;

	n = snprintf(line, sizeof(line), "pinsafe: ");
	va_start(args, format);
	m = vsnprintf(line + n, sizeof(line) - n, format, args);
	va_end(args);
	if (m < 0)
		goto out;
	n += m;
	if (n > (int)sizeof(line) - 1)
		n = sizeof(line) - 1;
	line[n++] = '\n';
	write_line(&to, line, n);
out:
	if (to.fd >= 0 && to.must_close)
		close(to.fd);
	errno = saved_errno;
}
