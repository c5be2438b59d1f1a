// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Where log lines go: to PINSAFE_LOG_FILE or to standard error.
 *
 * The file is opened for every line, because a descriptor that is kept could be
 * closed and its number reused by the program.  Standard error is only written
 * to while descriptor 2 still is the file that it was when we were loaded: a
 * program that closed it may have a data file there now.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"

/* The thread that writes lines may be there before the configuration is read. */
static _Atomic(const char *) log_file;
static struct stat stderr_at_load;
static bool stderr_was_open;

void log_file_remember_stderr(void)
{
	int saved_errno = errno;

	stderr_was_open = sys_fstat(STDERR_FILENO, &stderr_at_load) == 0;
	errno = saved_errno;
}

/* gcc forgets the priority of a constructor that was declared before. */
__attribute__((constructor(101))) static void remember_at_load(void)
{
	log_file_remember_stderr();
}

void log_file_set(const char *file)
{
	log_file = file;
}

static bool is_stderr_of_load(int fd)
{
	struct stat st;

	return stderr_was_open && sys_fstat(fd, &st) == 0 &&
	       st.st_dev == stderr_at_load.st_dev &&
	       st.st_ino == stderr_at_load.st_ino;
}

/*
 * The file, or standard error if there is none.  O_NONBLOCK: a pipe may have no
 * reader, or one that does not read.  A program whose log cannot be opened, or
 * which has no descriptor to spare, shall still be told why its registration
 * failed.  -1: nowhere
 */
static int open_log(void)
{
	int fd;

	if (log_file) {
		fd = sys_open(log_file,
			      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
				      O_NOCTTY | O_NONBLOCK,
			      0644);
		/* ENXIO: a pipe that nobody reads */
		if (fd >= 0 || errno == ENXIO)
			return fd;
	}
	return is_stderr_of_load(STDERR_FILENO) ? STDERR_FILENO : -1;
}

/* The one that a write which fails with @error leaves behind, or 0 */
static int signal_of(int error)
{
	return error == EPIPE ? SIGPIPE : error == EFBIG ? SIGXFSZ : 0;
}

/*
 * A pipe without a reader must not kill the program, nor a file that is as large as
 * RLIMIT_FSIZE allows, nor may a terminal that wants nothing of those in the
 * background (stty tostop) stop it.
 */
static void write_line(int fd, const char *line, size_t n)
{
	const struct timespec now = { 0 };
	sigset_t ours, pending, saved;
	bool is_blocked;
	int signal;

	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	sigaddset(&ours, SIGTTOU);
	sigemptyset(&pending);
	(void)sys_sigpending(&pending);
	/* Who may not block them gets them of what the program writes, too. */
	is_blocked = !sys_sigmask(SIG_BLOCK, &ours, &saved);
	signal = sys_write(fd, line, n) < 0 ? signal_of(errno) : 0;
	if (signal && is_blocked && !sigismember(&pending, signal)) {
		sigemptyset(&ours);
		sigaddset(&ours, signal);
		(void)sys_sigtimedwait(&ours, NULL, &now);
	}
	if (is_blocked)
		(void)sys_sigmask(SIG_SETMASK, &saved, NULL);
}

void log_file_write(const char *line, size_t size)
{
	int fd = open_log();

	if (fd < 0)
		return;
	write_line(fd, line, size);
	if (fd != STDERR_FILENO)
		(void)sys_close(fd);
}

bool log_file_is_set(void)
{
	return log_file;
}

bool log_file_takes_lines(void)
{
	return log_file || !is_stderr_of_load(STDERR_FILENO) ||
	       sys_is_writable(STDERR_FILENO);
}
