// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: the ioctls by which the program takes pages or blocks
 * away from its files, or shares them with others.  Those of ext4, xfs, f2fs and
 * of all file systems were read in Linux 6.1 to 7.2; what is not here leaves
 * pages where they are, or is named in Documentation/limits.md.
 */
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "preload/preload_next.h"

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

/* fs/ext4/ext4.h */
struct ext4_move {
	uint32_t reserved, donor_fd;
	uint64_t orig_start, donor_start, len, moved_len;
};

/* fs/xfs/libxfs/xfs_fs.h */
struct xfs_swap {
	int64_t version, target_fd, tmp_fd, offset, length;
	char pad[16];
	uint64_t bstat[17];
};
struct xfs_exchange {
	int32_t fd;
	uint32_t pad;
	uint64_t offset[2], length, flags;
};
struct xfs_commit {
	struct xfs_exchange exchange;
	uint64_t freshness[6];
};

/* include/uapi/linux/f2fs.h */
struct f2fs_move {
	uint32_t to_fd;
	uint64_t from, to, len;
};
struct f2fs_trim {
	uint64_t start, len, flags;
};

/* FIELD: all file systems use 32 bits of it, little-endian if it has 64. */
enum place { NOWHERE, ITSELF, ARGUMENT, FIELD, DEDUPE_LIST };

/* A descriptor: that of the ioctl, its argument, or at an offset of that */
struct file {
	enum place place;
	unsigned char offset;
	bool is_shared; /* keeps its blocks, but not for itself */
};

/* clang-format off */
#define ITS_OWN { .place = ITSELF }
#define IN(type, field) { .place = FIELD, .offset = offsetof(type, field) }

static const struct operation {
	unsigned int request;
	unsigned int fs_magic;	/* on other file systems it is nothing to us */
	struct file files[2];
} operations[] = {
	/* That are copied from: clone, and dedupe, where it is the ioctl's own */
	{ FICLONE, XFS_SUPER_MAGIC,
	  { ITS_OWN, { .place = ARGUMENT, .is_shared = true } } },
	{ FICLONERANGE, XFS_SUPER_MAGIC,
	  { ITS_OWN, { FIELD, offsetof(struct file_clone_range, src_fd), true } } },
	{ FIDEDUPERANGE, XFS_SUPER_MAGIC,
	  { { .place = ITSELF, .is_shared = true }, { .place = DEDUPE_LIST } } },

	/* FS_IOC_UNRESVSP, FS_IOC_UNRESVSP64, FS_IOC_ZERO_RANGE */
	{ _IOW('X', 41, struct space_resv), 0, { ITS_OWN } },
	{ _IOW('X', 43, struct space_resv), 0, { ITS_OWN } },
	{ _IOW('X', 57, struct space_resv), 0, { ITS_OWN } },

	/* EXT4_IOC_MOVE_EXT, EXT4_IOC_SWAP_BOOT */
	{ _IOWR('f', 15, struct ext4_move), EXT4_SUPER_MAGIC,
	  { ITS_OWN, IN(struct ext4_move, donor_fd) } },
	{ _IO('f', 17), EXT4_SUPER_MAGIC, { ITS_OWN } },

	/* XFS_IOC_SWAPEXT, XFS_IOC_EXCHANGE_RANGE, XFS_IOC_COMMIT_RANGE */
	{ _IOWR('X', 109, struct xfs_swap), XFS_SUPER_MAGIC,
	  { IN(struct xfs_swap, target_fd), IN(struct xfs_swap, tmp_fd) } },
	{ _IOW('X', 129, struct xfs_exchange), XFS_SUPER_MAGIC,
	  { ITS_OWN, IN(struct xfs_exchange, fd) } },
	{ _IOW('X', 131, struct xfs_commit), XFS_SUPER_MAGIC,
	  { ITS_OWN, IN(struct xfs_commit, exchange.fd) } },

	/* F2FS_IOC_START_, _COMMIT_, _ABORT_ATOMIC_WRITE, _START_ATOMIC_REPLACE */
	{ _IO(0xf5, 1), F2FS_SUPER_MAGIC, { ITS_OWN } },
	{ _IO(0xf5, 2), F2FS_SUPER_MAGIC, { ITS_OWN } },
	{ _IO(0xf5, 5), F2FS_SUPER_MAGIC, { ITS_OWN } },
	{ _IO(0xf5, 25), F2FS_SUPER_MAGIC, { ITS_OWN } },
	/* F2FS_IOC_MOVE_RANGE, _RELEASE_COMPRESS_BLOCKS, _SEC_TRIM_FILE */
	{ _IOWR(0xf5, 9, struct f2fs_move), F2FS_SUPER_MAGIC,
	  { ITS_OWN, IN(struct f2fs_move, to_fd) } },
	{ _IOR(0xf5, 18, uint64_t), F2FS_SUPER_MAGIC, { ITS_OWN } },
	{ _IOW(0xf5, 20, struct f2fs_trim), F2FS_SUPER_MAGIC, { ITS_OWN } },
};
/* clang-format on */

/* The kernel takes a page at most. */
#define MAX_DEDUPE 128

static void add_list(struct removal *removal,
		     const struct file_dedupe_range *range)
{
	size_t i;

	if (!range || range->dest_count > MAX_DEDUPE)
		return;
	for (i = 0; i < range->dest_count; i++)
		removal_add(removal, range->info[i].dest_fd, false);
}

static void add_file(struct removal *removal, const struct file *file, int fd,
		     const char *arg)
{
	int32_t number = fd;

	switch (file->place) {
	case NOWHERE:
		return;
	case ITSELF:
		break;
	case ARGUMENT:
		number = (intptr_t)arg;
		break;
	case FIELD:
		if (!arg)
			return;
		memcpy(&number, arg + file->offset, sizeof(number));
		break;
	case DEDUPE_LIST:
		add_list(removal, (const void *)arg);
		return;
	}
	removal_add(removal, number, file->is_shared);
}

/* Apart from ioctl(), which has no need of so much of the stack */
__attribute__((noinline)) static int
run(const struct operation *operation, int fd, unsigned long request, void *arg)
{
	REMOVAL(removal, MAX_DEDUPE + 2);

	add_file(&removal, &operation->files[0], fd, arg);
	add_file(&removal, &operation->files[1], fd, arg);
	return REMOVE(&removal, preload_next.ioctl(fd, request, arg));
}

/* The kernel takes 32 bits; an int of the program comes with its sign. */
static const struct operation *find(int fd, unsigned int request)
{
	const struct operation *end =
		operations + sizeof(operations) / sizeof(operations[0]);
	const struct operation *operation;

	for (operation = operations; operation < end; operation++)
		if (operation->request == request)
			return !operation->fs_magic ||
					       preload_is_on(
						       fd, operation->fs_magic)
				       ? operation
				       : NULL;
	return NULL;
}

PINSAFE_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	const struct operation *operation = find(fd, request);
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (operation)
		return run(operation, fd, request, arg);
	return preload_next.ioctl(fd, request, arg);
}
