// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* write(2), counted, to a disk that may be full */
#include <errno.h>
#include <unistd.h>

#include "fake_write.h"

ssize_t __real_sys_write(int fd, const void *data, size_t size);
ssize_t __wrap_sys_write(int fd, const void *data, size_t size);

_Atomic int fake_write_calls;
int fake_write_errno;

ssize_t __wrap_sys_write(int fd, const void *data, size_t size)
{
	fake_write_calls++;
	if (fake_write_errno) {
		errno = fake_write_errno;
		return -1;
	}
	return __real_sys_write(fd, data, size);
}
