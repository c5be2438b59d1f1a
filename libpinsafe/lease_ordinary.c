// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Ordinary leases: F_SETLEASE with F_WRLCK or F_RDLCK, fcntl(2).
 *
 * The kernel grants F_WRLCK to the only open file description of a file
 * (fs/locks.c:check_conflicting_open).  The mapping holds one, so it has to be
 * that: the program's own, through a descriptor of the program or one that
 * watch.c has kept.  The lease is broken by whoever opens the file or calls
 * truncate(2), and there is no other way to its blocks but through descriptors
 * that the program itself gave away.
 *
 * A break never says what is coming: even a reader may truncate
 * (O_RDONLY|O_TRUNC), so every break is taken for a truncation.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "keeper.h"
#include "lease.h"
#include "machine/lease_why.h"
#include "sigio.h"
#include "watch.h"

/* The description is the program's again, as it was. */
static void disarm(int fd)
{
	/* A number that is one needs no room: this cannot fail. */
	(void)sys_fcntl(fd, F_SETSIG, 0);
	sigio_disown(fd);
}

static int set_lease(int fd, int type, struct cause *cause)
{
	int r = sys_fcntl(fd, F_GETLEASE, 0);

	if (r < 0 && errno == EBADF) /* with O_PATH, to find the file by only */
		return ENOENT;
	if (r < 0)
		return cause_call(cause, "fcntl(2) with F_GETLEASE", errno);
	if (r != F_UNLCK) {
		cause->kind = CAUSE_OWN_LEASE;
		return EBUSY;
	}
	if (lease_is_beside_pages(fd, type)) {
		cause->kind = CAUSE_DIRECT;
		return EINVAL;
	}
	r = sigio_arm(fd, cause);
	if (!r && sys_fcntl(fd, F_SETLEASE, type))
		r = lease_why_not(fd, errno, cause);
	if (r)
		disarm(fd);
	return r;
}

/* The kernel grants the lease to no other one; nobody had to wait for it. */
bool lease_ordinary_is_sole(int fd)
{
	struct cause cause;

	if (set_lease(fd, F_WRLCK, &cause))
		return false;
	if (sys_fcntl(fd, F_SETLEASE, F_UNLCK))
		log_warn("lease: one that was to tell who has a file open cannot be given back: %s; whoever opens that file waits for all of lease-break-time, until the program unmaps and closes it",
			 strerror(errno));
	disarm(fd);
	return true;
}

/*
 * One that could not be given back, after setuid(2) for instance (lease.c), is
 * as good as a new one, which may not be had.
 */
static int take_again(int fd, struct lease *lease, struct cause *cause)
{
	int r;

	if (sys_fcntl(fd, F_GETLEASE, 0) != F_WRLCK || !sigio_is_disowned(fd))
		return set_lease(fd, F_WRLCK, cause);
	if (lease_is_beside_pages(fd, F_WRLCK)) {
		cause->kind = CAUSE_DIRECT;
		return EINVAL;
	}
	r = sigio_arm(fd, cause);
	if (r)
		return r;
	/* This needs the same rights, and has the signal name @fd. */
	lease->is_taken_again = sys_fcntl(fd, F_SETLEASE, F_WRLCK) != 0;
	return 0;
}

struct take_args {
	struct lease *lease;
	const struct backing *file;
	struct cause *cause;
};

/*
 * Takes over @fd; if there is none, copying it has failed with @error.  ENOENT:
 * there was none to be copied.
 */
static int take_copy(int fd, int error, struct take_args *args)
{
	int r;

	if (fd < 0 && error == EBADF)
		return ENOENT;
	if (fd < 0 && error == EMFILE) {
		args->cause->kind = CAUSE_NO_DESCRIPTORS;
		return error;
	}
	if (fd < 0)
		return cause_call(args->cause, "fcntl(2) with F_DUPFD_CLOEXEC",
				  error);
	r = backing_is_file(fd, args->file) ?
		    take_again(fd, args->lease, args->cause) :
		    ENOENT;
	if (r) {
		(void)sys_close(fd);
		return r;
	}
	args->lease->type = F_WRLCK;
	keeper_own(&args->lease->fd, fd);
	return 0;
}

/*
 * If the file has several descriptions the kernel says EAGAIN for each, so one
 * of the thread that registers is enough, and one that is kept.
 */
static int try_all(struct take_args *args, int given)
{
	int fd = sys_fcntl(given, F_DUPFD_CLOEXEC, 3);
	int first = take_copy(fd, errno, args), r = first;

	if (r != ENOENT && r != EAGAIN)
		return r;
	fd = watch_dup(args->file->dev, args->file->ino);
	if (fd >= 0 || errno != EBADF)
		r = take_copy(fd, errno, args);
	return r && first == EAGAIN ? EAGAIN : r;
}

/*
 * Others may read the file at the same time, but nobody may have it open for
 * writing.  To open it for that breaks no lease of others: F_WRLCK is not to be
 * had by anybody while the file is mapped here, and F_RDLCK allows readers.
 */
static int take_read_lease(struct lease *lease, const struct backing *file,
			   int given, struct cause *cause)
{
	int fd, r;

	r = backing_open_given(file, given, O_RDONLY | O_NONBLOCK, &fd);
	if (r)
		return r == EWOULDBLOCK ? EAGAIN :
					  lease_why_not_open(r, cause);
	r = set_lease(fd, F_RDLCK, cause);
	if (r) {
		(void)sys_close(fd);
		return r;
	}
	lease->type = F_RDLCK;
	keeper_own(&lease->fd, fd);
	log_warn("lease: %s: the lease is one against writers only, because others read the file or the program has closed its descriptor: open(2) with O_RDONLY|O_TRUNC would go unnoticed",
		file->path);
	return 0;
}

static int ordinary_take(struct lease *lease, const struct backing *file,
			 struct cause *cause)
{
	struct take_args args = { .lease = lease, .file = file,
				  .cause = cause };
	int given = keeper_take(), r;
	bool is_direct;

	r = try_all(&args, given);
	is_direct = r == EINVAL;
	if ((r == EAGAIN || r == ENOENT || is_direct) && file->is_read_only)
		r = take_read_lease(lease, file, given, cause);
	if (r == EAGAIN && is_direct)
		r = EINVAL;
	if (given >= 0)
		(void)sys_close(given);
	if (r == EAGAIN)
		cause->kind = CAUSE_OPEN_ELSEWHERE;
	else if (r == ENOENT && cause->kind != CAUSE_NO_PROC)
		cause->kind = watch_has_refused(file->dev, file->ino) ?
				      CAUSE_NOT_KEPT :
				      CAUSE_OUT_OF_REACH;
	return r;
}

/* To open the file again would break the lease: through its description, then */
static int ordinary_open(const struct lease *lease, const struct backing *file,
			 int flags, int *ret_fd)
{
	int fd = sys_fcntl(lease->fd.fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return errno;
	*ret_fd = fd;
	return 0;
}

bool lease_ordinary_works_on(unsigned long fs_magic)
{
	switch (fs_magic) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	}
	return false;
}

const struct lease_backend lease_ordinary = {
	.name = "ordinary",
	.is_blind = true,
	.break_means =
		"somebody opens, truncates or executes the file, and the kernel does not say which",
	.take = ordinary_take,
	.open = ordinary_open,
};
