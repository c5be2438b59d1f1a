// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The calls that take blocks away from a file, made as they are, after the test
 * has had a look: what is true at that moment is true before the kernel has
 * removed anything.  A shared object, so that it comes between the preload
 * object and the C library.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake-removal.h"

static void (*expected)(void);

void fake_removal_expect(void (*hook)(void))
{
	expected = hook;
}

static void look(void)
{
	void (*hook)(void) = expected;

	expected = NULL;
	if (hook)
		hook();
}

REMOVAL_EXPORT int ftruncate(int fd, off_t length)
{
	look();
	return syscall(SYS_ftruncate, fd, length);
}

REMOVAL_EXPORT int fallocate(int fd, int mode, off_t offset, off_t length)
{
	look();
	return syscall(SYS_fallocate, fd, mode, offset, length);
}

REMOVAL_EXPORT int madvise(void *addr, size_t length, int advice)
{
	if (advice == MADV_REMOVE)
		look();
	return syscall(SYS_madvise, addr, length, advice);
}

REMOVAL_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	/* Those of file systems, and not of a device that the look itself uses */
	if (_IOC_TYPE(request) == _IOC_TYPE(FICLONE) ||
	    _IOC_TYPE(request) == 'X' || _IOC_TYPE(request) == 'f')
		look();
	return syscall(SYS_ioctl, fd, request, arg);
}

REMOVAL_EXPORT int fcntl(int fd, int command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	if (command == F_SETFL)
		look();
	return syscall(SYS_fcntl, fd, command, arg);
}

REMOVAL_EXPORT ssize_t copy_file_range(int from, off64_t *from_offset, int to,
				       off64_t *to_offset, size_t length,
				       unsigned int flags)
{
	look();
	return syscall(SYS_copy_file_range, from, from_offset, to, to_offset,
		       length, flags);
}
