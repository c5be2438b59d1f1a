// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage keeper, without a thread: the caller does it. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../lib/record.h"
#include "fake_keeper.h"
#include "keeper.h"

struct fake_keeper fake_keeper;

int keeper_call(int (*fn)(void *arg), void *arg)
{
	int r = fault_now(&fake_keeper.call);

	return r ? r : fn(arg);
}

int keeper_call_if_full(int (*fn)(void *arg), void *arg)
{
	int r = fn(arg);

	return r == EMFILE || r == ENFILE ? keeper_call(fn, arg) : r;
}

int keeper_start(struct cause *cause)
{
	int r = fault_now(&fake_keeper.start);

	if (r)
		*cause = fake_keeper.start_cause;
	return r;
}

static int given_fd = -1;

int keeper_call_with(int fd, int (*fn)(void *arg), void *arg,
		     struct cause *cause)
{
	int r = fault_now(&fake_keeper.call);

	if (!r)
		r = fault_now(&fake_keeper.borrow);
	if (r)
		return r;
	if (fake_keeper.borrowed)
		fd = fake_keeper.borrowed;
	given_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (given_fd < 0)
		return errno;
	r = fn(arg);
	if (given_fd >= 0)
		close(keeper_take());
	return r;
}

int keeper_call_with_path(int fd, int (*fn)(void *arg), void *arg,
			  struct cause *cause)
{
	return keeper_call_with(fd, fn, arg, cause);
}

int keeper_take(void)
{
	int fd = given_fd;

	given_fd = -1;
	return fd;
}

void keeper_own(struct keeper_fd *kfd, int fd)
{
	kfd->fd = fd;
	fake_keeper.n_owned++;
}

void keeper_close(struct keeper_fd *kfd)
{
	close(kfd->fd);
	kfd->fd = -1;
	fake_keeper.n_owned--;
}

void keeper_become_part(void)
{
}

bool keeper_is_self(void)
{
	return fake_keeper.is_self;
}
