// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "next.h"

struct next next;

int next_n_passed;

static intptr_t answer(const char *name, long number, const uintptr_t *args)
{
	next_n_passed++;
	if (!next.wanted || strcmp(name, next.wanted) || args[0] != next.first)
		return syscall(number, args[0], args[1], args[2], args[3],
			       args[4], args[5]);
	next.n_calls++;
	memcpy(next.arguments, args, sizeof(next.arguments));
	if (next.error)
		errno = next.error;
	return next.result;
}

#define ANSWER(name, ...) \
	answer(#name, SYS_##name, (const uintptr_t[6]){__VA_ARGS__})
#define P(pointer) ((uintptr_t)(pointer))

NEXT_EXPORT void *mmap(void *addr, size_t length, int prot, int flags, int fd,
		       off_t offset)
{
	return (void *)ANSWER(mmap, P(addr), length, prot, flags, fd, offset);
}

NEXT_EXPORT int munmap(void *addr, size_t length)
{
	return ANSWER(munmap, P(addr), length);
}

NEXT_EXPORT void *mremap(void *old, size_t old_size, size_t new_size, int flags,
			 ...)
{
	va_list args;
	void *new_addr;

	va_start(args, flags);
	new_addr = va_arg(args, void *);
	va_end(args);
	return (void *)ANSWER(mremap, P(old), old_size, new_size, flags,
			      P(new_addr));
}

NEXT_EXPORT int madvise(void *addr, size_t length, int advice)
{
	return ANSWER(madvise, P(addr), length, advice);
}

NEXT_EXPORT int msync(void *addr, size_t length, int flags)
{
	return ANSWER(msync, P(addr), length, flags);
}

NEXT_EXPORT int fsync(int fd)
{
	return ANSWER(fsync, fd);
}

NEXT_EXPORT int fdatasync(int fd)
{
	return ANSWER(fdatasync, fd);
}

NEXT_EXPORT int sync_file_range(int fd, off64_t offset, off64_t length,
				unsigned int flags)
{
	return ANSWER(sync_file_range, fd, offset, length, flags);
}

NEXT_EXPORT int syncfs(int fd)
{
	return ANSWER(syncfs, fd);
}

NEXT_EXPORT void sync(void)
{
	(void)ANSWER(sync, 0);
}

NEXT_EXPORT int fcntl(int fd, int command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return ANSWER(fcntl, fd, command, P(arg));
}

NEXT_EXPORT int ftruncate(int fd, off_t length)
{
	return ANSWER(ftruncate, fd, length);
}

NEXT_EXPORT int fallocate(int fd, int mode, off_t offset, off_t length)
{
	return ANSWER(fallocate, fd, mode, offset, length);
}

NEXT_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return ANSWER(ioctl, fd, request, P(arg));
}

NEXT_EXPORT ssize_t copy_file_range(int from, off_t *from_offset, int to,
				    off_t *to_offset, size_t length,
				    unsigned int flags)
{
	return ANSWER(copy_file_range, from, P(from_offset), to, P(to_offset),
		      length, flags);
}
