// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: what the program does to its files by descriptors, of
 * which an ordinary lease knows nothing, and where it wants them written back.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "api.h"
#include "preload_hidden.h"
#include "preload_next.h"

/* What the bodies below have in common: @call with the memory regions gone */
#define REMOVING(fd, type, call)                                     \
	do {                                                         \
		struct lease_barrier barrier;                        \
		type result;                                         \
		int r = pinsafe_private_removal_begin(fd, &barrier); \
                                                                     \
		if (r == ETXTBSY) {                                  \
			errno = r;                                   \
			return -1;                                   \
		}                                                    \
		result = call;                                       \
		if (!r)                                              \
			pinsafe_private_removal_end(&barrier);       \
		return result;                                       \
	} while (0)

PINSAFE_EXPORT int ftruncate(int fd, off_t length)
{
	REMOVING(fd, int, preload_next.ftruncate(fd, length));
}

PINSAFE_EXPORT int ftruncate64(int fd, off64_t length)
	__attribute__((alias("ftruncate")));

PINSAFE_EXPORT int fallocate(int fd, int mode, off_t offset, off_t length)
{
	/* To allocate takes nothing away. */
	if (!(mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_UNSHARE_RANGE)))
		return preload_next.fallocate(fd, mode, offset, length);
	REMOVING(fd, int, preload_next.fallocate(fd, mode, offset, length));
}

PINSAFE_EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t length)
	__attribute__((alias("fallocate")));

/*
 * fallocate(2) as XFS had it first, on all file systems (fs/ioctl.c:file_ioctl,
 * include/linux/falloc.h, which is not installed)
 */
struct space_resv {
	int16_t l_type, l_whence;
	int64_t l_start, l_len;
	int32_t l_sysid;
	uint32_t l_pid;
	int32_t l_pad[4];
};
#define IOC_UNRESVSP _IOW('X', 41, struct space_resv)
#define IOC_UNRESVSP64 _IOW('X', 43, struct space_resv)
#define IOC_ZERO_RANGE _IOW('X', 57, struct space_resv)

/* The kernel takes a page at most. */
#define MAX_DEDUPE 128

/* The files that are to share the blocks of @fd lose their own. */
static int dedupe(int fd, struct file_dedupe_range *range)
{
	struct lease_barrier barriers[MAX_DEDUPE];
	bool is_entered[MAX_DEDUPE];
	int i, n, r = 0, result = -1;

	if (!range || range->dest_count > MAX_DEDUPE)
		return preload_next.ioctl(fd, FIDEDUPERANGE, range);
	for (n = 0; n < range->dest_count && r != ETXTBSY; n++) {
		r = pinsafe_private_removal_begin(range->info[n].dest_fd,
						  &barriers[n]);
		is_entered[n] = !r;
	}
	if (r != ETXTBSY)
		result = preload_next.ioctl(fd, FIDEDUPERANGE, range);
	for (i = n; i > 0; i--)
		if (is_entered[i - 1])
			pinsafe_private_removal_end(&barriers[i - 1]);
	if (r == ETXTBSY)
		errno = r;
	return result;
}

PINSAFE_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	/* The kernel takes 32 bits; an int of the program comes with its sign. */
	switch ((unsigned int)request) {
	case FICLONE:
	case FICLONERANGE:
	case IOC_UNRESVSP:
	case IOC_UNRESVSP64:
	case IOC_ZERO_RANGE:
		REMOVING(fd, int, preload_next.ioctl(fd, request, arg));
	case FIDEDUPERANGE:
		return dedupe(fd, arg);
	}
	return preload_next.ioctl(fd, request, arg);
}

/* Where a copy may share blocks, instead of those that were there before */
static bool can_share_blocks(int fd)
{
	int saved_errno = errno;
	struct statfs sfs;
	bool can;

	can = !fstatfs(fd, &sfs) && (sfs.f_type == XFS_SUPER_MAGIC ||
				     sfs.f_type == BTRFS_SUPER_MAGIC);
	errno = saved_errno;
	return can;
}

PINSAFE_EXPORT ssize_t copy_file_range(int from, off64_t *from_offset, int to,
				       off64_t *to_offset, size_t length,
				       unsigned int flags)
{
	if (!can_share_blocks(to))
		return preload_next.copy_file_range(from, from_offset, to,
						    to_offset, length, flags);
	REMOVING(to, ssize_t,
		 preload_next.copy_file_range(from, from_offset, to, to_offset,
					      length, flags));
}

PRELOAD_HIDDEN(madvise);

int front_madvise(void *addr, size_t length, int advice)
{
	if (advice != MADV_REMOVE)
		return preload_next.madvise(addr, length, advice);
	return pinsafe_private_removal_mapped(addr, length,
					      preload_next.madvise);
}

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
