// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What comes after the preload object.  Allocators map memory before any
 * constructor has run, and dlsym(3) may allocate; so it starts with system
 * calls.
 */
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api.h"
#include "look_up.h"
#include "preload_hidden.h"
#include "preload_next.h"

static void *raw_mmap(void *addr, size_t length, int prot, int flags, int fd,
		      off_t offset)
{
	return (void *)syscall(SYS_mmap, addr, length, prot, flags, fd, offset);
}

static int raw_munmap(void *addr, size_t length)
{
	return syscall(SYS_munmap, addr, length);
}

static void *raw_mremap(void *old, size_t old_size, size_t new_size, int flags,
			void *new_addr)
{
	return (void *)syscall(SYS_mremap, old, old_size, new_size, flags,
			       new_addr);
}

static int raw_madvise(void *addr, size_t length, int advice)
{
	return syscall(SYS_madvise, addr, length, advice);
}

static int raw_msync(void *addr, size_t length, int flags)
{
	return syscall(SYS_msync, addr, length, flags);
}

static int raw_fsync(int fd)
{
	return syscall(SYS_fsync, fd);
}

static int raw_fdatasync(int fd)
{
	return syscall(SYS_fdatasync, fd);
}

static int raw_sync_file_range(int fd, off_t offset, off_t length,
			       unsigned int flags)
{
	return syscall(SYS_sync_file_range, fd, offset, length, flags);
}

static int raw_syncfs(int fd)
{
	return syscall(SYS_syncfs, fd);
}

static void raw_sync(void)
{
	(void)syscall(SYS_sync);
}

/* There is no such system call. */
static int no_aio_fsync(int operation, struct aiocb *aiocb)
{
	errno = ENOSYS;
	return -1;
}

static int raw_fcntl(int fd, int command, void *arg)
{
	return syscall(SYS_fcntl, fd, command, arg);
}

static int raw_ftruncate(int fd, off_t length)
{
	return syscall(SYS_ftruncate, fd, length);
}

static int raw_fallocate(int fd, int mode, off_t offset, off_t length)
{
	return syscall(SYS_fallocate, fd, mode, offset, length);
}

static int raw_ioctl(int fd, unsigned long request, void *arg)
{
	return syscall(SYS_ioctl, fd, request, arg);
}

static ssize_t raw_copy_file_range(int from, off_t *from_offset, int to,
				   off_t *to_offset, size_t length,
				   unsigned int flags)
{
	return syscall(SYS_copy_file_range, from, from_offset, to, to_offset,
		       length, flags);
}

struct preload_next preload_next = {
	.mmap = raw_mmap,
	.munmap = raw_munmap,
	.mremap = raw_mremap,
	.madvise = raw_madvise,
	.msync = raw_msync,
	.fsync = raw_fsync,
	.fdatasync = raw_fdatasync,
	.sync_file_range = raw_sync_file_range,
	.syncfs = raw_syncfs,
	.sync = raw_sync,
	.aio_fsync = no_aio_fsync,
	.fcntl = raw_fcntl,
	.ftruncate = raw_ftruncate,
	.fallocate = raw_fallocate,
	.ioctl = raw_ioctl,
	.copy_file_range = raw_copy_file_range,
};

/* ISO C has no cast from void * to a function. */
#define FIND(name)                                           \
	do {                                                 \
		void *next = look_up(RTLD_NEXT, #name);      \
                                                             \
		if (next)                                    \
			*(void **)&preload_next.name = next; \
	} while (0)

/*
 * What called.c compares with what the program calls.  Not fcntl(2): many that
 * stand in front of it hand it on, and lease_break.c looks for O_DIRECT, too.
 */
static const struct called_function in_front[] = {
	{ "mmap", (void *)front_mmap, CALLED_MAPPINGS },
	{ "mmap64", (void *)front_mmap64, CALLED_MAPPINGS },
	{ "munmap", (void *)front_munmap, CALLED_MAPPINGS },
	{ "mremap", (void *)front_mremap, CALLED_MAPPINGS },
	{ "madvise", (void *)front_madvise, CALLED_FILES },
	{ "ftruncate", (void *)ftruncate, CALLED_FILES },
	{ "ftruncate64", (void *)ftruncate64, CALLED_FILES },
	{ "fallocate", (void *)fallocate, CALLED_FILES },
	{ "fallocate64", (void *)fallocate64, CALLED_FILES },
	{ "ioctl", (void *)ioctl, CALLED_FILES },
	{ "copy_file_range", (void *)copy_file_range, CALLED_FILES },
	{ "fsync", (void *)fsync, CALLED_FILES },
	{ "fdatasync", (void *)fdatasync, CALLED_FILES },
	{ "msync", (void *)msync, CALLED_FILES },
	{ "sync_file_range", (void *)sync_file_range, CALLED_FILES },
	{ "syncfs", (void *)syncfs, CALLED_FILES },
	{ "sync", (void *)sync, CALLED_FILES },
	{ "aio_fsync", (void *)aio_fsync, CALLED_FILES },
	{ "aio_fsync64", (void *)aio_fsync64, CALLED_FILES },
};

__attribute__((constructor)) static void find_next(void)
{
	pinsafe_private_in_front(in_front,
				 sizeof(in_front) / sizeof(in_front[0]));
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
