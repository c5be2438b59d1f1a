// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* ioctl(2) of a kernel that does not know the request */
#include <errno.h>

#include "fake_ioctl.h"

int __real_sys_ioctl(int fd, unsigned long request, void *arg);
int __wrap_sys_ioctl(int fd, unsigned long request, void *arg);

int fake_ioctl_errno;

int __wrap_sys_ioctl(int fd, unsigned long request, void *arg)
{
	if (fake_ioctl_errno) {
		errno = fake_ioctl_errno;
		return -1;
	}
	return __real_sys_ioctl(fd, request, arg);
}
