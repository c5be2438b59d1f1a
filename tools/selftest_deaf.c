// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The process of the self-test that holds a memory region and is stopped. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest_deaf.h"
#include "selftest_peer.h"

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
}

int deaf_start(const struct test_file *file, const char *device,
	       struct child *ret_child)
{
	return child_start(file, device, hold, ret_child);
}

int deaf_hold(const struct child *child, int access)
{
	int r;

	r = child_ask(child, &access, sizeof(access));
	if (r)
		return r;
	/* All of its threads */
	if (kill(child->pid, SIGSTOP) ||
	    waitpid(child->pid, NULL, WUNTRACED) != child->pid)
		return errno;
	return 0;
}
