// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Layout leases: F_SETLEASE with F_LAYOUT, see kernel/README.md.  Many
 * processes can hold one on the same file, whoever has it open, and it is only
 * broken by operations that take blocks away.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lease.h"
#include "sigio.h"

#ifndef F_LAYOUT
#define F_LAYOUT 16
#endif

/* The kernel says EINVAL for this, too (fs/locks.c:generic_setlease). */
static bool leases_are_off(void)
{
	char value = '1';
	int fd;

	fd = open("/proc/sys/fs/leases-enable", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, &value, 1) != 1)
		value = '1';
	close(fd);
	return value == '0';
}

static int set_lease(int fd)
{
	int r;

	r = sigio_arm(fd);
	if (r || fcntl(fd, F_SETLEASE, F_LAYOUT) == 0)
		return r;
	if (errno != EINVAL)
		return errno;
	/* A kernel without them does not know the value at all. */
	return leases_are_off() ? ENOLCK : EOPNOTSUPP;
}

static int layout_take(struct lease *lease, const struct backing *file)
{
	int fd, r;

	/*
	 * An open file description of our own: its owner and signal are not
	 * the program's business.  O_NONBLOCK, because somebody may have an
	 * ordinary lease on the file, which this open breaks.
	 */
	r = backing_open(file, O_RDONLY | O_NONBLOCK, &fd);
	if (r)
		return r == EWOULDBLOCK ? EBUSY : r;
	keeper_own(&lease->fd, fd);

	r = set_lease(fd);
	if (r)
		keeper_close(&lease->fd);
	return r;
}

static bool layout_is_held(const struct lease *lease)
{
	return fcntl(lease->fd.fd, F_GETLEASE) == F_LAYOUT;
}

static void layout_release(struct lease *lease)
{
	/* Fails if the kernel has removed it: nothing is left to do then. */
	(void)fcntl(lease->fd.fd, F_SETLEASE, F_UNLCK);
	keeper_close(&lease->fd);
}

const struct lease_backend lease_layout = {
	.name = "layout",
	.take = layout_take,
	.is_held = layout_is_held,
	.release = layout_release,
};
