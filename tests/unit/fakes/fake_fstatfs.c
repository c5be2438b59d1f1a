// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* fstatfs(2) on a machine with other file systems */
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/sys.h"
#include "fake_fstatfs.h"

int __real_sys_fstatfs(int fd, struct statfs *ret_sfs);
int __wrap_sys_fstatfs(int fd, struct statfs *ret_sfs);

unsigned long fake_fstatfs_magic;

int __wrap_sys_fstatfs(int fd, struct statfs *ret_sfs)
{
	int r = __real_sys_fstatfs(fd, ret_sfs);
	struct stat st;

	if (!r && fake_fstatfs_magic && !sys_fstat(fd, &st) && S_ISREG(st.st_mode))
		ret_sfs->f_type = fake_fstatfs_magic;
	return r;
}
