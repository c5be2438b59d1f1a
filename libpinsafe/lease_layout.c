// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Layout leases: F_SETLEASE with F_LAYOUT, see kernel/README.md.  Many
 * processes can hold one on the same file, whoever has it open, and it is only
 * broken by operations that take blocks away.
 */
#include <errno.h>
#include <fcntl.h>

#include "lease.h"
#include "lease_why.h"
#include "sigio.h"
#include "sys.h"

#ifndef F_LAYOUT
#define F_LAYOUT 16
#endif

static int set_lease(int fd, struct cause *cause)
{
	int r;

	r = sigio_arm(fd);
	if (r)
		return r;
	if (sys_fcntl(fd, F_SETLEASE, F_LAYOUT))
		return lease_why_not_layout(fd, errno, cause);
	lease_tell_provider();
	return 0;
}

static int layout_take(struct lease *lease, const struct backing *file,
		       struct cause *cause)
{
	int given = keeper_take(), fd, r;

	/*
	 * An open file description of our own: its owner and signal are not
	 * the program's business.  O_NONBLOCK, because somebody may have an
	 * ordinary lease on the file, which this open breaks.
	 */
	r = backing_open_given(file, given, O_RDONLY | O_NONBLOCK, &fd);
	if (given >= 0)
		(void)sys_close(given);
	if (r)
		return lease_why_not_open(r, cause);
	r = set_lease(fd, cause);
	if (r) {
		(void)sys_close(fd);
		return r;
	}
	lease->type = F_LAYOUT;
	keeper_own(&lease->fd, fd);
	return 0;
}

static int layout_open(const struct lease *lease, const struct backing *file,
		       int flags, int *ret_fd)
{
	/* Opening a file breaks no layout lease. */
	return backing_reopen(lease->fd.fd, flags | O_NONBLOCK, ret_fd);
}

const struct lease_backend lease_layout = {
	.name = "layout",
	.break_means = "blocks of the file are to be removed",
	.sees_own_operations = true,
	.take = layout_take,
	.open = layout_open,
};
