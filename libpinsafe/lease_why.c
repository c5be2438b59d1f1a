// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Why there is no lease.  Kernel and module have few errnos for it: EINVAL is
 * for a value that nobody knows and for leases that are turned off
 * (fs/locks.c:generic_setlease), EOPNOTSUPP for a file system without layout
 * leases and for one file of it (kernel/README.md).
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "fs_name.h"
#include "lease_provider.h"
#include "lease_sysctl.h"
#include "lease_why.h"
#include "log.h"
#include "sys.h"

static bool is_told; /* who gives layout leases */

static void tell(const struct lease_provider *provider)
{
	if (is_told)
		return;
	is_told = true;
	if (provider->kind == PROVIDER_CONTROL)
		log_warn(
			"lease: %s is loaded, which is for tests: NOTHING IS PROTECTED on this machine",
			lease_provider_name(provider));
	else
		log_info("lease: %s gives layout leases%s%s",
			 lease_provider_name(provider),
			 provider->file_systems[0] ? ", on " : "",
			 provider->file_systems);
}

void lease_tell_provider(void)
{
	struct lease_provider provider;

	if (is_told)
		return;
	lease_provider_find(&provider);
	tell(&provider);
}

static void record(struct cause *cause, enum cause_kind kind,
		   const char *detail)
{
	cause->kind = kind;
	snprintf(cause->detail, sizeof(cause->detail), "%s", detail);
}

static void record_size(struct cause *cause, enum cause_kind kind, int fd)
{
	struct stat st = { 0 };
	char size[24];

	(void)sys_fstat(fd, &st);
	snprintf(size, sizeof(size), "%lld", (long long)st.st_size);
	record(cause, kind, size);
}

int lease_why_not_open(int error, struct cause *cause)
{
	switch (error) {
	case EWOULDBLOCK:
		cause->kind = CAUSE_OTHERS_LEASE;
		return EBUSY;
	case EACCES:
	case EPERM:
		cause->kind = CAUSE_NO_PERMISSION;
		return EACCES;
	case EMFILE:
	case ENFILE:
		cause->kind = CAUSE_NO_DESCRIPTORS;
		break;
	case ENOENT:
		cause->kind = CAUSE_OUT_OF_REACH;
		break;
	}
	return error;
}

int lease_why_not(int error, struct cause *cause)
{
	/* fs/locks.c:vfs_setlease(), security/commoncap.c */
	if (error == EACCES)
		cause->kind = CAUSE_NOT_OWNER;
	if (error != EINVAL)
		return error;
	if (!leases_are_enabled(true)) {
		record(cause, CAUSE_LEASES_OFF, "");
		return ENOLCK;
	}
	record(cause, CAUSE_NO_LEASES, "");
	return EOPNOTSUPP;
}

int lease_why_not_layout(int fd, int error, struct cause *cause)
{
	struct lease_provider provider;
	struct statfs sfs = { 0 };
	int r = lease_why_not(error, cause);

	if (r != EOPNOTSUPP)
		return r;
	(void)sys_fstatfs(fd, &sfs);
	lease_provider_find(&provider);
	tell(&provider);
	if (provider.kind == PROVIDER_CONTROL)
		record(cause, CAUSE_CONTROL_MODULE, "");
	else if (lease_provider_is_dead(&provider))
		record(cause, CAUSE_DEAD_MODULE, provider.state);
	else if (lease_provider_lacks(&provider, fs_name(sfs.f_type)))
		record(cause, CAUSE_NOT_THAT_FS, provider.file_systems);
	else if (error == EINVAL)
		record(cause, CAUSE_NO_PROVIDER, "");
	else if (sfs.f_type == XFS_SUPER_MAGIC)
		record_size(cause, CAUSE_REFLINK, fd);
	else
		record(cause, CAUSE_FS_SAYS_NO, "");
	return r;
}
