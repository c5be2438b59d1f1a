// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: where the program wants files written back, to which a
 * device may have written unseen.
 */
#include <aio.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/preload_next.h"
#include "preload/private.h"

PINSAFE_EXPORT int fsync(int fd)
{
	pinsafe_private_sync_file(fd);
	return preload_next.fsync(fd);
}

PINSAFE_EXPORT int fdatasync(int fd)
{
	pinsafe_private_sync_file(fd);
	return preload_next.fdatasync(fd);
}

PINSAFE_EXPORT int msync(void *addr, size_t length, int flags)
{
	pinsafe_private_sync_range(addr, length);
	return preload_next.msync(addr, length, flags);
}

/* Who only waits for what is being written back gets nothing more. */
PINSAFE_EXPORT int sync_file_range(int fd, off64_t offset, off64_t length,
				   unsigned int flags)
{
	if (flags & SYNC_FILE_RANGE_WRITE)
		pinsafe_private_sync_file(fd);
	return preload_next.sync_file_range(fd, offset, length, flags);
}

PINSAFE_EXPORT int syncfs(int fd)
{
	pinsafe_private_sync_fs(fd);
	return preload_next.syncfs(fd);
}

PINSAFE_EXPORT void sync(void)
{
	pinsafe_private_sync_all();
	preload_next.sync();
}

/* What was written by now; the fsync(2) in a thread of libc comes later. */
PINSAFE_EXPORT int aio_fsync(int operation, struct aiocb *aiocb)
{
	pinsafe_private_sync_file(aiocb->aio_fildes);
	return preload_next.aio_fsync(operation, aiocb);
}

PINSAFE_EXPORT int aio_fsync64(int operation, struct aiocb64 *aiocb)
	__attribute__((alias("aio_fsync")));
