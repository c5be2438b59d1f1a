// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See own-operations.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "own-operations.h"
#include "t.h"

struct region own_region;
const char *own_directory;

static int run_fallocate(int mode)
{
	return fallocate(own_region.fd, mode, OWN_FROM, OWN_LEN) ? errno : 0;
}

static int own_ftruncate(void)
{
	return ftruncate(own_region.fd, OWN_FROM) ? errno : 0;
}

static int own_punch(void)
{
	return run_fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

static int own_collapse(void)
{
	return run_fallocate(FALLOC_FL_COLLAPSE_RANGE);
}

static int own_zero(void)
{
	return run_fallocate(FALLOC_FL_ZERO_RANGE);
}

static int own_remove(void)
{
	return madvise(own_region.addr + OWN_FROM, OWN_LEN, MADV_REMOVE) ?
		       errno :
		       0;
}

int own_open_other(void)
{
	char path[FILES_PATH_MAX];

	files_path(path, own_directory, "other");
	return files_create(path, OWN_FILE_LEN, 'o');
}

static int own_clone(void)
{
	int from = own_open_other(), err;

	err = ioctl(own_region.fd, FICLONE, from) ? errno : 0;
	close(from);
	return err;
}

int own_copy(void)
{
	off64_t from_offset = OWN_FROM, to_offset = OWN_FROM;
	int from = own_open_other();
	ssize_t n;

	n = copy_file_range(from, &from_offset, own_region.fd, &to_offset, OWN_LEN, 0);
	close(from);
	return n == OWN_LEN ? 0 : n < 0 ? errno : EIO;
}

/* What is written so takes the pages out of the page cache. */
static int own_direct(void)
{
	static char page[4096] __attribute__((aligned(4096)));
	int flags = fcntl(own_region.fd, F_GETFL);
	ssize_t n;

	if (fcntl(own_region.fd, F_SETFL, flags | O_DIRECT))
		return errno;
	memset(page, 'd', sizeof(page));
	n = pwrite(own_region.fd, page, sizeof(page), OWN_AT);
	if (fcntl(own_region.fd, F_SETFL, flags))
		return errno;
	return n == sizeof(page) ? 0 : EIO;
}

/* XFS_IOC_UNRESVSP64, xfs_ioctl(3) */
static int own_unresvsp(void)
{
	struct {
		int16_t type, whence;
		int64_t start, len;
		int32_t other[6];
	} space = {.start = OWN_FROM, .len = OWN_LEN};

	return ioctl(own_region.fd, _IOW('X', 43, space), &space) ? errno : 0;
}

/* EXT4_IOC_SWAP_BOOT: the file is what the boot loader's inode was. */
static int own_swap_boot(void)
{
	return ioctl(own_region.fd, _IO('f', 17)) ? errno : 0;
}

static int own_allocate(void)
{
	return fallocate(own_region.fd, 0, OWN_FILE_LEN, OWN_LEN) ? errno : 0;
}

static int own_write(void)
{
	return pwrite(own_region.fd, "own", 4, OWN_FROM) == 4 ? 0 : EIO;
}

int own_grow(void)
{
	return ftruncate(own_region.fd, OWN_FILE_LEN + OWN_LEN) ? errno : 0;
}

const struct own_operation own_removals[] = {
	{"ftruncate", own_ftruncate, OWN_ANYWHERE},
	{"PUNCH_HOLE", own_punch, OWN_ANYWHERE},
	{"COLLAPSE_RANGE", own_collapse, OWN_ANYWHERE},
	{"ZERO_RANGE", own_zero, OWN_ANYWHERE},
	{"MADV_REMOVE", own_remove, OWN_ANYWHERE},
	{"UNRESVSP64", own_unresvsp, OWN_ANYWHERE},
	{"O_DIRECT", own_direct, OWN_ANYWHERE},
	{"FICLONE", own_clone, OWN_XFS},
	{"copy_file_range", own_copy, OWN_XFS},
	{"EXT4_IOC_SWAP_BOOT", own_swap_boot, OWN_EXT4},
	{0},
};

static int truncate_path(void)
{
	return truncate(own_region.path, 0) ? errno : 0;
}

static int open_truncating(void)
{
	int fd = open(own_region.path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

const struct own_operation own_opens[] = {
	{"truncate(path)", truncate_path, OWN_ANYWHERE},
	{"open(O_TRUNC)", open_truncating, OWN_ANYWHERE},
	{0},
};

static int share_clone(int to)
{
	return ioctl(to, FICLONE, own_region.fd) ? errno : 0;
}

static int share_copy(int to)
{
	off64_t from_offset = 0, to_offset = 0;
	ssize_t n = copy_file_range(own_region.fd, &from_offset, to, &to_offset,
				    OWN_FILE_LEN, 0);

	return n == OWN_FILE_LEN ? 0 : n < 0 ? errno : EIO;
}

/* The other file has the same already, and has to have it still. */
static int share_dedupe(int to)
{
	struct {
		struct file_dedupe_range range;
		struct file_dedupe_range_info info;
	} dedupe = {.range = {.src_length = OWN_FILE_LEN, .dest_count = 1},
		    .info = {.dest_fd = to}};

	if (pwrite(to, own_region.addr, OWN_FILE_LEN, 0) != OWN_FILE_LEN ||
	    fsync(to))
		return EIO;
	if (ioctl(own_region.fd, FIDEDUPERANGE, &dedupe))
		return errno;
	return dedupe.info.bytes_deduped == OWN_FILE_LEN ? 0 : EIO;
}

const struct own_sharing own_sharings[] = {
	{"clone of it", share_clone},
	{"copy of it", share_copy},
	{"dedupe with it", share_dedupe},
	{0},
};

const struct own_operation own_harmless[] = {
	{"fallocate", own_allocate, OWN_ANYWHERE},
	{"pwrite", own_write, OWN_ANYWHERE},
	{"copy_file_range", own_copy, OWN_EXT4},
	{0},
};
