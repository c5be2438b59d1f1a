// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What comes after the preload object.  Before its constructor has run others
 * already call: allocators, to which dlsym(3) would come back, since it may
 * allocate; and constructors of libraries, which may have put hooks behind us,
 * in the code of libc or under the same name, that have to see these calls.
 */
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/look_up.h"
#include "preload/preload_find.h"
#include "preload/preload_next.h"

/* ISO C has no cast from void * to a function. */
#define SET(name, next)                                       \
	do {                                                  \
		void *found = next;                           \
                                                              \
		if (found)                                    \
			*(void **)&preload_next.name = found; \
	} while (0)

/*
 * Calls that come before the constructor: find what is next, and if there is
 * nothing make the system call.
 */
#define FIRST(type, name, parameters, ...)                     \
	static type first_##name parameters                    \
	{                                                      \
		SET(name, preload_find_next(#name));           \
		if (preload_next.name != first_##name)         \
			return preload_next.name(__VA_ARGS__); \
		return (type)syscall(SYS_##name, __VA_ARGS__); \
	}

FIRST(void *, mmap,
      (void *addr, size_t length, int prot, int flags, int fd, off_t offset),
      addr, length, prot, flags, fd, offset)
FIRST(int, munmap, (void *addr, size_t length), addr, length)
FIRST(void *, mremap,
      (void *old, size_t old_size, size_t new_size, int flags, void *new_addr),
      old, old_size, new_size, flags, new_addr)
FIRST(int, madvise, (void *addr, size_t length, int advice), addr, length,
      advice)
FIRST(int, msync, (void *addr, size_t length, int flags), addr, length, flags)
FIRST(int, fsync, (int fd), fd)
FIRST(int, fdatasync, (int fd), fd)
FIRST(int, sync_file_range,
      (int fd, off_t offset, off_t length, unsigned int flags), fd, offset,
      length, flags)
FIRST(int, syncfs, (int fd), fd)
FIRST(int, fcntl, (int fd, int command, void *arg), fd, command, arg)
FIRST(int, ftruncate, (int fd, off_t length), fd, length)
FIRST(int, fallocate, (int fd, int mode, off_t offset, off_t length), fd, mode,
      offset, length)
FIRST(int, ioctl, (int fd, unsigned long request, void *arg), fd, request, arg)
FIRST(ssize_t, copy_file_range,
      (int from, off_t *from_offset, int to, off_t *to_offset, size_t length,
       unsigned int flags),
      from, from_offset, to, to_offset, length, flags)

static void first_sync(void)
{
	SET(sync, preload_find_next("sync"));
	if (preload_next.sync != first_sync)
		preload_next.sync();
	else
		(void)syscall(SYS_sync);
}

/* There is no such system call. */
static int first_aio_fsync(int operation, struct aiocb *aiocb)
{
	SET(aio_fsync, preload_find_next("aio_fsync"));
	if (preload_next.aio_fsync != first_aio_fsync)
		return preload_next.aio_fsync(operation, aiocb);
	errno = ENOSYS;
	return -1;
}

struct preload_next preload_next = {
	.mmap = first_mmap,
	.munmap = first_munmap,
	.mremap = first_mremap,
	.madvise = first_madvise,
	.msync = first_msync,
	.fsync = first_fsync,
	.fdatasync = first_fdatasync,
	.sync_file_range = first_sync_file_range,
	.syncfs = first_syncfs,
	.sync = first_sync,
	.aio_fsync = first_aio_fsync,
	.fcntl = first_fcntl,
	.ftruncate = first_ftruncate,
	.fallocate = first_fallocate,
	.ioctl = first_ioctl,
	.copy_file_range = first_copy_file_range,
};

#define FIND(name) SET(name, look_up(RTLD_NEXT, #name))

void preload_next_find(void)
{
	FIND(mmap);
	FIND(munmap);
	FIND(mremap);
	FIND(madvise);
	FIND(msync);
	FIND(fsync);
	FIND(fdatasync);
	FIND(sync_file_range);
	FIND(syncfs);
	FIND(sync);
	FIND(aio_fsync);
	FIND(fcntl);
	FIND(ftruncate);
	FIND(fallocate);
	FIND(ioctl);
	FIND(copy_file_range);
}
