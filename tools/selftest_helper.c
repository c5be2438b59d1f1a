// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The process of the self-test that does to the file what others do. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest_helper.h"

/* How long an operation may be held up, besides by a lease that is ignored */
#define OPERATION_MS 60000

static int read_all(const char *path)
{
	char buffer[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	n = n ? errno : 0;
	close(fd);
	return n;
}

/*
 * The child: 't' truncates the file, 'p' punches a hole, 'c' reads it as cat(1)
 * does; an errno for each
 */
static void operate(const char *path, uint64_t size, int sock)
{
	char what;
	int fd, r;

	while (read(sock, &what, 1) == 1) {
		r = 0;
		if (what == 't') {
			r = truncate(path, 0) ? errno : 0;
		} else if (what == 'c') {
			r = read_all(path);
		} else {
			fd = open(path, O_RDWR | O_CLOEXEC);
			if (fd < 0 || fallocate(fd,
						FALLOC_FL_PUNCH_HOLE |
							FALLOC_FL_KEEP_SIZE,
						0, size))
				r = errno;
			if (fd >= 0)
				close(fd);
		}
		if (write(sock, &r, sizeof(r)) != sizeof(r))
			break;
	}
	_exit(0);
}

int helper_start(const struct test_file *file, struct helper *ret_helper)
{
	int socks[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return errno;
	pid = fork();
	if (pid < 0) {
		close(socks[0]);
		close(socks[1]);
		return errno;
	}
	if (!pid) {
		close(socks[0]);
		/* Nobody has it open but those who are tested. */
		close(file->fd);
		operate(file->path, file->size, socks[1]);
	}
	close(socks[1]);
	ret_helper->pid = pid;
	ret_helper->sock = socks[0];
	return 0;
}

void helper_stop(struct helper *helper)
{
	close(helper->sock);
	kill(helper->pid, SIGKILL);
	waitpid(helper->pid, NULL, 0);
}

int helper_ask(const struct helper *helper, char what)
{
	struct pollfd answer = {.fd = helper->sock, .events = POLLIN};
	int r;

	if (write(helper->sock, &what, 1) != 1)
		return EPIPE;
	if (poll(&answer, 1, OPERATION_MS) != 1)
		return ETIMEDOUT;
	return read(helper->sock, &r, sizeof(r)) == sizeof(r) ? r : EPIPE;
}
