// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Why there is no lease.  Kernel and module have few errnos for it: EINVAL is
 * for a value that nobody knows and for leases that are turned off
 * (fs/locks.c:generic_setlease), EOPNOTSUPP for a file system without layout
 * leases and for one file of it (kernel/README.md).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/sys_lines.h"
#include "machine/lease_provider.h"
#include "machine/lease_why.h"
#include "machine/pin_count.h"
#include "memory/fs.h"

static bool is_told; /* who gives layout leases */

void lease_tell_provider(void)
{
	struct lease_provider provider;

	if (is_told)
		return;
	is_told = true;
	pin_count_look_again();
	lease_provider_find(&provider);
	if (provider.kind == PROVIDER_CONTROL)
		log_warn(
			"lease: %s is loaded, which is for tests: NOTHING IS PROTECTED on this machine",
			lease_provider_name(&provider));
	else
		log_info("lease: %s gives layout leases%s%s",
			 lease_provider_name(&provider),
			 provider.file_systems[0] ? ", on " : "",
			 provider.file_systems);
}

static void record_size(struct cause *cause, enum cause_kind kind, int fd)
{
	struct stat st = { 0 };
	char size[24];

	(void)sys_fstat(fd, &st);
	snprintf(size, sizeof(size), "%lld", (long long)st.st_size);
	cause_set(cause, kind, size);
}

/* Under the root of this thread */
static bool is_shown(const char *path)
{
	int fd = sys_open(path, O_PATH | O_CLOEXEC, 0);

	if (fd < 0)
		return errno != ENOENT;
	(void)sys_close(fd);
	return true;
}

int lease_why_not_open(int error, struct cause *cause)
{
	switch (error) {
	case EWOULDBLOCK:
		cause->kind = CAUSE_OTHERS_LEASE;
		return EBUSY;
	case EACCES:
		cause->kind = CAUSE_NO_PERMISSION;
		return EACCES;
	case EMFILE:
		cause->kind = CAUSE_NO_DESCRIPTORS;
		return error;
	case ENOENT:
		/* A descriptor is opened anew by what /proc shows of it. */
		cause->kind = is_shown("/proc/thread-self/fd") ?
				      CAUSE_OUT_OF_REACH :
				      CAUSE_NO_PROC;
		return error;
	}
	return cause_call(cause, "open(2)", error);
}

/* The user as whom this thread asks the file system: the fourth of them */
static int read_user(const char *line, void *arg)
{
	unsigned int *uid = arg;

	return sscanf(line, "Uid: %*u %*u %*u %u", uid) == 1 ? 1 : -1;
}

static bool is_owner(int fd)
{
	unsigned int uid;
	struct stat st;

	return !sys_fstat(fd, &st) &&
	       sys_lines_find("/proc/thread-self/status", read_user, &uid) >
		       0 &&
	       uid == st.st_uid;
}

/*
 * fs/locks.c:vfs_setlease() refuses who is neither the owner nor has CAP_LEASE;
 * security modules say EACCES to anybody.
 */
int lease_why_not(int fd, int error, struct cause *cause)
{
	switch (error) {
	case EACCES:
		if (is_owner(fd))
			break;
		cause->kind = CAUSE_NOT_OWNER;
		return error;
	case EAGAIN:
	case EOPNOTSUPP:
		return error;
	}
	if (error != EINVAL)
		return cause_call(cause, "fcntl(2) with F_SETLEASE", error);
	if (!leases_are_enabled(true)) {
		cause_set(cause, CAUSE_LEASES_OFF, "");
		return ENOLCK;
	}
	cause_set(cause, CAUSE_NO_LEASES, "");
	return EOPNOTSUPP;
}

int lease_why_not_layout(int fd, int error, struct cause *cause)
{
	struct lease_provider provider;
	struct statfs sfs = { 0 };
	int r = lease_why_not(fd, error, cause);

	if (r != EOPNOTSUPP)
		return r;
	(void)sys_fstatfs(fd, &sfs);
	lease_tell_provider();
	lease_provider_find(&provider);
	if (lease_provider_why_not(&provider, fs_name(sfs.f_type, "?"), cause))
		return r;
	if (error == EINVAL)
		cause_set(cause, CAUSE_NO_PROVIDER, "");
	else if (sfs.f_type == XFS_SUPER_MAGIC && fs_is_dax(fd))
		record_size(cause, CAUSE_REFLINK, fd);
	else
		cause_set(cause, CAUSE_FS_SAYS_NO, "");
	return r;
}

void lease_why_not_there(unsigned long fs_magic, struct cause *cause)
{
	struct lease_provider provider;

	lease_provider_find(&provider);
	if (lease_provider_why_not(&provider, fs_name(fs_magic, "?"), cause))
		return;
	if (provider.kind == PROVIDER_NONE)
		cause_set(cause, CAUSE_NO_PROVIDER, "");
	else if (provider.kind == PROVIDER_UNKNOWN && !leases_are_enabled(true))
		cause_set(cause, CAUSE_LEASES_OFF, "");
	else
		cause_set(cause,
		       is_shown("/sys/module") ? CAUSE_DAX_ONLY :
						 CAUSE_NO_SYSFS,
		       "");
}

/* What of a file keeps the module from promising */
static enum cause_kind why_not_written(int fd)
{
	struct statfs sfs = { 0 };
	struct statx stx = { 0 };
	int flags = 0;

	(void)sys_fstatfs(fd, &sfs);
	(void)sys_statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx);
	(void)sys_ioctl(fd, FS_IOC_GETFLAGS, &flags);
	if (stx.stx_attributes & STATX_ATTR_ENCRYPTED)
		return CAUSE_ENCRYPTED;
	if (stx.stx_attributes & STATX_ATTR_VERITY)
		return CAUSE_VERITY;
	if (sfs.f_type == BTRFS_SUPER_MAGIC && !(flags & FS_NOCOW_FL))
		return CAUSE_CHECKSUMS;
	if (flags & FS_JOURNAL_DATA_FL)
		return CAUSE_JOURNAL;
	return CAUSE_NOT_WRITTEN;
}

void lease_why_not_written(int fd, struct cause *cause)
{
	struct lease_provider provider;

	lease_provider_find(&provider);
	if (lease_provider_keeps_writes(&provider, cause))
		cause_set(cause, why_not_written(fd), "");
}
