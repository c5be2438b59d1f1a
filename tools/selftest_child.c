// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest_child.h"

/* How long an operation may be held up, besides by a lease that is ignored */
#define ANSWER_MS 60000

int child_start(const struct test_file *file, const char *device,
		void (*run)(const struct test_file *file, const char *device,
			    int sock),
		struct child *ret_child)
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
		run(file, device, socks[1]);
		_exit(0);
	}
	close(socks[1]);
	ret_child->pid = pid;
	ret_child->sock = socks[0];
	return 0;
}

int child_ask(const struct child *child, const void *request, size_t size)
{
	struct pollfd answer = {.fd = child->sock, .events = POLLIN};
	int r;

	if (write(child->sock, request, size) != size)
		return EPIPE;
	if (poll(&answer, 1, ANSWER_MS) != 1)
		return ETIMEDOUT;
	return read(child->sock, &r, sizeof(r)) == sizeof(r) ? r : EPIPE;
}

void child_stop(struct child *child)
{
	close(child->sock);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}
