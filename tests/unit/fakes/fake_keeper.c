// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage keeper, without a thread: the caller does it. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../lib/record.h"
#include "fake_keeper.h"

struct fake_keeper fake_keeper;

int keeper_call(int (*fn)(void *arg), void *arg)
{
	int r = fault_now(&fake_keeper.call);

	return r ? r : fn(arg);
}

int keeper_start(struct cause *cause)
{
	int r = fault_now(&fake_keeper.start);

	if (r)
		*cause = fake_keeper.start_cause;
	return r;
}

int keeper_adopt(int fd)
{
	record("adopt %d", fd);
	return fault_now(&fake_keeper.adopt);
}

void keeper_drop(int fd)
{
	record("drop %d", fd);
}

int keeper_borrow(int fd)
{
	int r = fault_now(&fake_keeper.borrow);

	if (fake_keeper.borrowed)
		fd = fake_keeper.borrowed;
	if (!r)
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	errno = r;
	return -1;
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

bool keeper_is_self(void)
{
	return fake_keeper.is_self;
}
