// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Layout leases: F_SETLEASE with F_LAYOUT, see kernel/README.md.  Many
 * processes can hold one on the same file, whoever has it open, and it is only
 * broken by operations that take pages or blocks away.
 *
 * F_LAYOUT_WRITE is the same for files with a page cache, with a promise: what
 * devices write is written back by each sync, whoever asks for it.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/sys.h"
#include "keeper.h"
#include "lease.h"
#include "machine/lease_provider.h"
#include "machine/lease_why.h"
#include "memory/fs.h"
#include "sigio.h"

#define F_LAYOUT_WRITE (F_LAYOUT | F_WRLCK)

/* 0 or the errno of the kernel */
static int set_type(struct lease *lease, int fd, int type)
{
	if (sys_fcntl(fd, F_SETLEASE, type))
		return errno;
	lease->type = type;
	lease->keeps_writes = type == F_LAYOUT_WRITE;
	return 0;
}

/* Without the promise it still is a lease, for devices that only read. */
static int layout_set(struct lease *lease, const struct backing *file)
{
	int fd = lease->fd.fd, r = EOPNOTSUPP;

	if (lease->policy.page_cache_write && file->has_page_cache)
		r = set_type(lease, fd, F_LAYOUT_WRITE);
	return r == EOPNOTSUPP || r == EINVAL ? set_type(lease, fd, F_LAYOUT)
					      : r;
}

static int layout_settle(struct lease *lease, int error, struct cause *cause)
{
	int fd = lease->fd.fd, r = 0;

	if (error) {
		r = lease_why_not_layout(fd, error, cause);
	} else if (sys_fcntl(fd, F_GETLEASE, 0) < 0) {
		/* It would be taken for broken each time. */
		r = cause_call(cause, "fcntl(2) with F_GETLEASE", errno);
		(void)sys_fcntl(fd, F_SETLEASE, F_UNLCK);
	}
	if (r)
		keeper_close(&lease->fd);
	else
		lease_tell_provider();
	return r;
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
	r = sigio_arm(fd, cause);
	if (r) {
		(void)sys_close(fd);
		return r;
	}
	keeper_own(&lease->fd, fd);
	return 0;
}

static int layout_open(const struct lease *lease, const struct backing *file,
		       int flags, int *ret_fd)
{
	/* Opening a file breaks no layout lease. */
	return backing_reopen(lease->fd.fd, flags | O_NONBLOCK, ret_fd);
}

bool lease_layout_works_on(unsigned long fs_magic)
{
	struct lease_provider provider;

	lease_provider_find(&provider);
	return lease_provider_has_page_caches(&provider, fs_name(fs_magic, "?"));
}

const struct lease_backend lease_layout = {
	.name = "layout",
	.break_means = "pages or blocks of the file are to be removed",
	.take = layout_take,
	.set = layout_set,
	.settle = layout_settle,
	.open = layout_open,
};
