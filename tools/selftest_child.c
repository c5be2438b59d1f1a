// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The processes of the self-test: one does to the file what others do, the other
 * holds a memory region over it and is stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest.h"

/* How long an operation may be held up, besides by a lease that is ignored */
#define ANSWER_MS 60000

struct request {
	enum child_does what;
	int access; /* of CHILD_REGISTERS */
};

/* As cat(1) does */
static int read_all(int fd)
{
	char buffer[4096];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	return n ? errno : 0;
}

/* Until the process ends */
static int register_file(int fd, const char *device, int access)
{
	static struct peer peer;
	void *addr = mmap(NULL, SELFTEST_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);
	int r;

	if (addr == MAP_FAILED)
		return errno;
	r = peer_open(device, &peer);
	if (r)
		return r;
	return ibv_reg_mr(peer.pd, addr, SELFTEST_SIZE, access) ? 0 : errno;
}

/* The file has to be opened anew each time. */
static int operate(const char *path, const char *device,
		   const struct request *request)
{
	int fd, r = 0;

	if (request->what == CHILD_TRUNCATES)
		return truncate(path, 0) ? errno : 0;
	fd = open(path, O_CLOEXEC | (request->what == CHILD_READS ? O_RDONLY
								  : O_RDWR));
	if (fd < 0)
		return errno;
	if (request->what == CHILD_READS)
		r = read_all(fd);
	else if (request->what == CHILD_REGISTERS)
		r = register_file(fd, device, request->access);
	else if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			   SELFTEST_SIZE))
		r = errno;
	close(fd);
	return r;
}

static void serve(const char *path, const char *device, int sock)
{
	struct request request;
	int r;

	while (read(sock, &request, sizeof(request)) == sizeof(request)) {
		r = operate(path, device, &request);
		if (write(sock, &r, sizeof(r)) != sizeof(r))
			break;
	}
}

int child_start(const struct selftest *test, const char *device,
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
		close(test->fd);
		serve(test->path, device, socks[1]);
		_exit(0);
	}
	close(socks[1]);
	ret_child->pid = pid;
	ret_child->sock = socks[0];
	return 0;
}

int child_ask(const struct child *child, enum child_does what, int access)
{
	struct request request = {what, access};
	struct pollfd answer = {.fd = child->sock, .events = POLLIN};
	int r;

	if (write(child->sock, &request, sizeof(request)) != sizeof(request))
		return EPIPE;
	if (poll(&answer, 1, ANSWER_MS) != 1)
		return ETIMEDOUT;
	return read(child->sock, &r, sizeof(r)) == sizeof(r) ? r : EPIPE;
}

int child_hold(const struct child *child, int access)
{
	int r;

	r = child_ask(child, CHILD_REGISTERS, access);
	if (r)
		return r;
	/* All of its threads */
	if (kill(child->pid, SIGSTOP) ||
	    waitpid(child->pid, NULL, WUNTRACED) != child->pid)
		return errno;
	return 0;
}

void child_stop(struct child *child)
{
	close(child->sock);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}
