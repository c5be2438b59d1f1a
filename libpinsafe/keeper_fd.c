// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Descriptors of the keeper, and how they are closed without it waiting. */
#include <fcntl.h>
#include <sys/stat.h>

#include "aside.h"
#include "base/clock.h"
#include "base/sys.h"
#include "keeper.h"

/* So that mostly a file is closed when its user is told that it is let go */
#define CLOSE_PATIENCE_NS (20 * NSEC_PER_MSEC)

void keeper_own(struct keeper_fd *kfd, int fd)
{
	kfd->fd = fd;
}

/* What it says is of no use: the number is free in any case. */
static int close_it(void *arg)
{
	return sys_close((intptr_t)arg);
}

/*
 * The last close of a file that was unlinked frees its blocks, and that of one
 * which could be written to may give back what was set aside for it.
 */
static bool close_may_wait(int fd)
{
	struct stat st;

	if (sys_fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	return !st.st_nlink ||
	       (sys_fcntl(fd, F_GETFL, 0) & O_ACCMODE) != O_RDONLY;
}

void keeper_close(struct keeper_fd *kfd)
{
	void *fd = (void *)(intptr_t)kfd->fd;
	struct aside *aside = NULL;

	if (close_may_wait(kfd->fd))
		aside = aside_begin(close_it, fd, NULL);
	if (aside) {
		(void)aside_wait(aside, CLOSE_PATIENCE_NS);
		aside_put(aside);
	} else {
		(void)close_it(fd);
	}
	kfd->fd = -1;
}
