// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* statx(2) on a machine with persistent memory */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fake_statx.h"

#ifndef STATX_ATTR_DAX
#define STATX_ATTR_DAX 0x00200000
#endif

int __real_sys_statx(int dir, const char *path, int flags, unsigned int mask,
		 struct statx *ret_statx);
int __wrap_sys_statx(int dir, const char *path, int flags, unsigned int mask,
		 struct statx *ret_statx);

bool fake_statx_is_dax;
int fake_statx_errno;

int __wrap_sys_statx(int dir, const char *path, int flags, unsigned int mask,
		 struct statx *ret_statx)
{
	int r;

	if (fake_statx_errno) {
		errno = fake_statx_errno;
		return -1;
	}
	r = __real_sys_statx(dir, path, flags, mask, ret_statx);
	if (!r && fake_statx_is_dax && S_ISREG(ret_statx->stx_mode))
		ret_statx->stx_attributes |= STATX_ATTR_DAX;
	return r;
}
