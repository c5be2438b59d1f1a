// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The process of the self-test that holds a memory region and is stopped. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest_deaf.h"
#include "selftest_peer.h"

#define REGISTER_MS 60000

/* Until the process ends */
static int register_file(const struct test_file *file, const char *device,
			 int access)
{
	static struct peer peer;
	int r, fd = open(file->path, O_RDWR | O_CLOEXEC);
	void *addr;

	if (fd < 0)
		return errno;
	addr = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	if (addr == MAP_FAILED)
		return errno;
	r = peer_open(device, &peer);
	if (r)
		return r;
	return ibv_reg_mr(peer.pd, addr, file->size, access) ? 0 : errno;
}

static void hold(const struct test_file *file, const char *device, int sock)
{
	int access, r;

	while (read(sock, &access, sizeof(access)) == sizeof(access)) {
		r = register_file(file, device, access);
		if (write(sock, &r, sizeof(r)) != sizeof(r))
			break;
	}
	_exit(0);
}

int deaf_start(const struct test_file *file, const char *device,
	       struct deaf *ret_deaf)
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
		close(file->fd);
		hold(file, device, socks[1]);
	}
	close(socks[1]);
	ret_deaf->pid = pid;
	ret_deaf->sock = socks[0];
	return 0;
}

int deaf_hold(const struct deaf *deaf, int access)
{
	struct pollfd answer = {.fd = deaf->sock, .events = POLLIN};
	int r;

	if (write(deaf->sock, &access, sizeof(access)) != sizeof(access))
		return EPIPE;
	if (poll(&answer, 1, REGISTER_MS) != 1)
		return ETIMEDOUT;
	if (read(deaf->sock, &r, sizeof(r)) != sizeof(r))
		return EPIPE;
	if (r)
		return r;
	/* All of its threads */
	if (kill(deaf->pid, SIGSTOP) ||
	    waitpid(deaf->pid, NULL, WUNTRACED) != deaf->pid)
		return errno;
	return 0;
}

void deaf_stop(struct deaf *deaf)
{
	close(deaf->sock);
	kill(deaf->pid, SIGKILL);
	waitpid(deaf->pid, NULL, 0);
}
