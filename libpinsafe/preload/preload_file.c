// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: what the program does to its files by descriptors, of
 * which an ordinary lease knows nothing; and where it wants files written back, to
 * which a device may have written unseen.
 */
#include <aio.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "preload/preload_next.h"

bool preload_is_on(int fd, unsigned int fs_magic)
{
	int saved_errno = errno;
	struct statfs sfs;
	bool is;

	is = !fstatfs(fd, &sfs) && (unsigned int)sfs.f_type == fs_magic;
	errno = saved_errno;
	return is;
}

/* What @call returns, with the memory regions over @fd gone */
#define REMOVING(fd, call)                        \
	({                                        \
		REMOVAL(removal, 1);              \
                                                  \
		removal_add(&removal, fd, false); \
		REMOVE(&removal, call);           \
	})

PINSAFE_EXPORT int ftruncate(int fd, off_t length)
{
	return REMOVING(fd, preload_next.ftruncate(fd, length));
}

PINSAFE_EXPORT int ftruncate64(int fd, off64_t length)
	__attribute__((alias("ftruncate")));

PINSAFE_EXPORT int fallocate(int fd, int mode, off_t offset, off_t length)
{
	/* To allocate takes nothing away. */
	if (!(mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_UNSHARE_RANGE)))
		return preload_next.fallocate(fd, mode, offset, length);
	return REMOVING(fd, preload_next.fallocate(fd, mode, offset, length));
}

PINSAFE_EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t length)
	__attribute__((alias("fallocate")));

/*
 * What is written with O_DIRECT takes the pages out of the page cache, and what
 * is read so does not see what a device wrote.  A description that has it from
 * the beginning gets no lease (lease_ordinary.c).
 */
PINSAFE_EXPORT int fcntl(int fd, int command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	if (command != F_SETFL || !((uintptr_t)arg & O_DIRECT))
		return preload_next.fcntl(fd, command, arg);
	return REMOVING(fd, preload_next.fcntl(fd, command, arg));
}

PINSAFE_EXPORT int fcntl64(int fd, int command, ...)
	__attribute__((alias("fcntl")));

/*
 * XFS shares blocks instead of copying them, where it can; the others of which
 * we have leases copy from page to page.
 */
PINSAFE_EXPORT ssize_t copy_file_range(int from, off64_t *from_offset, int to,
				       off64_t *to_offset, size_t length,
				       unsigned int flags)
{
	REMOVAL(removal, 2);

	if (preload_is_on(to, XFS_SUPER_MAGIC)) {
		removal_add(&removal, to, false);
		removal_add(&removal, from, true);
	}
	return REMOVE(&removal,
		      preload_next.copy_file_range(from, from_offset, to,
						   to_offset, length, flags));
}

PRELOAD_HIDDEN(madvise);

int front_madvise(void *addr, size_t length, int advice)
{
	if (advice != MADV_REMOVE)
		return preload_next.madvise(addr, length, advice);
	return pinsafe_private_removal_mapped(addr, length,
					      preload_next.madvise);
}

/* Written back */

static void sync_file(int fd, bool is_whole_fs)
{
	if (pinsafe_private_is_written)
		pinsafe_private_sync_file(fd, is_whole_fs);
}

static void sync_range(const void *addr, size_t length)
{
	if (pinsafe_private_is_written)
		pinsafe_private_sync_range(addr, length);
}

#define SYNC(name, is_whole_fs)               \
	PINSAFE_EXPORT int name(int fd)       \
	{                                     \
		sync_file(fd, is_whole_fs);   \
		return preload_next.name(fd); \
	}

SYNC(fsync, false)
SYNC(fdatasync, false)
SYNC(syncfs, true)

PINSAFE_EXPORT int msync(void *addr, size_t length, int flags)
{
	sync_range(addr, length);
	return preload_next.msync(addr, length, flags);
}

/* Who only waits for what is being written back gets nothing more. */
PINSAFE_EXPORT int sync_file_range(int fd, off64_t offset, off64_t length,
				   unsigned int flags)
{
	if (flags & SYNC_FILE_RANGE_WRITE)
		sync_file(fd, false);
	return preload_next.sync_file_range(fd, offset, length, flags);
}

PINSAFE_EXPORT void sync(void)
{
	sync_range(NULL, SIZE_MAX);
	preload_next.sync();
}

/* What was written by now; the fsync(2) in a thread of libc comes later. */
PINSAFE_EXPORT int aio_fsync(int operation, struct aiocb *aiocb)
{
	sync_file(aiocb->aio_fildes, false);
	return preload_next.aio_fsync(operation, aiocb);
}

PINSAFE_EXPORT int aio_fsync64(int operation, struct aiocb64 *aiocb)
	__attribute__((alias("aio_fsync")));
