// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See kernel-cached.h: the operations that break a lease. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel-cached.h"
#include "kernel-operations.h"
#include "kernel-share.h"

#ifndef FALLOC_FL_WRITE_ZEROES
#define FALLOC_FL_WRITE_ZEROES 0x80
#endif

static int by_a_page(const char *path)
{
	size_t page = cached_fs == CACHED_HUGETLBFS ? cached_unit : 4096;

	return k_done(truncate(path, cached_len - page));
}

static int by_a_byte(const char *path)
{
	return k_done(truncate(path, cached_len - 1));
}

static int falloc(const char *path, int mode)
{
	return k_falloc(path, mode, cached_unit, cached_unit);
}

static int punch(const char *path)
{
	return falloc(path, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

static int zero(const char *path)
{
	return falloc(path, FALLOC_FL_ZERO_RANGE);
}

static int collapse(const char *path)
{
	return falloc(path, FALLOC_FL_COLLAPSE_RANGE);
}

static int insert(const char *path)
{
	return falloc(path, FALLOC_FL_INSERT_RANGE);
}

static int write_zeroes(const char *path)
{
	return falloc(path, FALLOC_FL_WRITE_ZEROES);
}

static int madv_remove(const char *path)
{
	return k_madv_remove(path, cached_unit, cached_unit);
}

/* Change places with another file, as xfs_fsr does */
static int swap_extents(const char *path)
{
	return k_swap_extents(path, cached_len);
}

static int clone_into(const char *path)
{
	return k_clone(open(cached_source, O_RDONLY), open(path, O_RDWR),
		       cached_unit, cached_unit);
}

static int dedupe_into(const char *path)
{
	return k_dedupe(open(cached_source, O_RDONLY), open(path, O_RDWR),
			cached_unit, cached_unit);
}

/* The loop driver calls the file system's fallocate() itself. */
static int loop_discard(const char *path)
{
	uint64_t range[] = { cached_unit, cached_unit };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int fd, loop, err;
	char name[32];

	snprintf(name, sizeof(name), "/dev/loop%d",
		 ioctl(control, LOOP_CTL_GET_FREE));
	loop = open(name, O_RDWR);
	fd = open(path, O_RDWR);
	if (loop < 0 || fd < 0 || ioctl(loop, LOOP_SET_FD, fd))
		return errno;
	err = k_done(ioctl(loop, BLKDISCARD, range));
	ioctl(loop, LOOP_CLR_FD);
	return err;
}

static int f2fs_move(const char *from, const char *to)
{
	struct {	/* struct f2fs_move_range */
		uint32_t fd;
		uint64_t from, to, len;
	} move = { open(to, O_RDWR), cached_unit, cached_unit, cached_unit };

	return k_done(ioctl(open(from, O_RDWR), _IOWR(0xf5, 9, move), &move));
}

static int f2fs_move_into(const char *path)
{
	return f2fs_move(cached_source, path);
}

static int f2fs_move_from(const char *path)
{
	char other[300];
	int err;

	snprintf(other, sizeof(other), "%s.other", path);
	close(open(other, O_RDWR | O_CREAT, 0644));
	err = k_done(truncate(other, cached_len));
	err = err ? err : f2fs_move(path, other);
	unlink(other);
	return err;
}

static int f2fs_sec_trim(const char *path)
{
	enum { ZEROOUT = 2 };
	uint64_t range[] = { cached_unit, cached_unit, ZEROOUT };

	return k_done(ioctl(open(path, O_RDWR), _IOW(0xf5, 20, range), range));
}

static int f2fs_atomic_write(const char *path)
{
	return k_done(ioctl(open(path, O_RDWR), _IO(0xf5, 1)));
}

static int f2fs_atomic_replace(const char *path)
{
	return k_done(ioctl(open(path, O_RDWR), _IO(0xf5, 25)));
}

#define OP(_name, _fn, _on, ...) \
	{ .name = _name, .fn = _fn, .on = _on, ##__VA_ARGS__ }

const struct cached_op cached_ops[] = {
	/* ext4, xfs, btrfs, f2fs, tmpfs, hugetlbfs */
	OP("truncate to 0", k_to_zero, "!!!!!!"),
	OP("truncate by a page", by_a_page, "!!!!!!", .tail = true),
	OP("truncate by a byte", by_a_byte, "bbbbb-", .tail = true),
	OP("open(O_TRUNC)", k_open_trunc, "!!!!!!"),
	OP("PUNCH_HOLE", punch, "!!!!!!"),
	OP("ZERO_RANGE", zero, "!!!!rr"),
	OP("COLLAPSE_RANGE", collapse, "!!r!rr"),
	OP("INSERT_RANGE", insert, "!!r!rr"),
	OP("WRITE_ZEROES", write_zeroes, "rrrrrr", .since = 617),
	OP("MADV_REMOVE", madv_remove, "!!!!!!"),
	OP("FICLONERANGE into", clone_into, "-!!---"),
	OP("FIDEDUPERANGE into", dedupe_into, "-!b---"),
	OP("BLKDISCARD of a loop device on it", loop_discard, "!!!!!-",
	  .late = EIO),
	OP("EXT4_IOC_SWAP_BOOT", k_swap_boot, "!-----"),
	OP("XFS_IOC_SWAPEXT", swap_extents, "-!----"),
	OP("F2FS_IOC_MOVE_RANGE into", f2fs_move_into, "---b--"),
	OP("F2FS_IOC_MOVE_RANGE from", f2fs_move_from, "---b--"),
	OP("F2FS_IOC_SEC_TRIM_FILE", f2fs_sec_trim, "---!--"),
	OP("F2FS_IOC_START_ATOMIC_WRITE", f2fs_atomic_write, "---!--"),
	OP("F2FS_IOC_START_ATOMIC_REPLACE", f2fs_atomic_replace, "---!--",
	  .since = 602),
};

const size_t cached_n_ops = sizeof(cached_ops) / sizeof(*cached_ops);
