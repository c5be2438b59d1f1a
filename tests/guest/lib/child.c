// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "t.h"

static void child_loop(int sock, t_child_fn *fn, void *arg)
{
	struct t_child_result res;
	long param;

	while (read(sock, &param, sizeof(param)) == sizeof(param)) {
		res.begin_ns = t_now_ns();
		res.err = fn(arg, param);
		res.end_ns = t_now_ns();
		if (write(sock, &res, sizeof(res)) != sizeof(res))
			break;
	}
}

void t_child_start(struct t_child *child, t_child_fn *fn, void *arg)
{
	int socks[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		t_bail("socketpair");
	child->pid = fork();
	if (child->pid < 0)
		t_bail("fork");
	if (!child->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(socks[0]);
		child_loop(socks[1], fn, arg);
		_exit(0);
	}
	close(socks[1]);
	child->sock = socks[0];
}

void t_child_go(struct t_child *child, long param)
{
	if (write(child->sock, &param, sizeof(param)) != sizeof(param))
		t_bail("releasing the child %d", child->pid);
}

static bool readable_within(int fd, int ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	return poll(&pfd, 1, ms) == 1;
}

bool t_child_returned(struct t_child *child)
{
	return readable_within(child->sock, 0);
}

bool t_child_wait(struct t_child *child, int ms, struct t_child_result *ret)
{
	if (!readable_within(child->sock, ms))
		return false;
	if (read(child->sock, ret, sizeof(*ret)) != sizeof(*ret))
		t_bail("the child %d is gone", child->pid);
	return true;
}

struct t_child_result t_child_run(struct t_child *child, long param, int ms)
{
	struct t_child_result res;

	t_child_go(child, param);
	if (!t_child_wait(child, ms, &res)) {
		errno = ETIMEDOUT;
		t_bail("the child %d has not returned in %d ms", child->pid,
		       ms);
	}
	return res;
}

void t_child_stop(struct t_child *child)
{
	/* A child forked later holds a copy: closing ours would not end it */
	shutdown(child->sock, SHUT_RDWR);
	close(child->sock);
	waitpid(child->pid, NULL, 0);
}
