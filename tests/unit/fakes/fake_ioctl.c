// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* ioctl(2) of a kernel that does not know the request */
#include <errno.h>
#include <stdarg.h>

#include "fake_ioctl.h"

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int fake_ioctl_errno;

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fake_ioctl_errno) {
		errno = fake_ioctl_errno;
		return -1;
	}
	return __real_ioctl(fd, request, arg);
}
