// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which ioctls of the program take blocks away, and from which files */
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <infiniband/pinsafe.h>

#include "base/export.h"
#include "fakes/fake_removal.h"
#include "lib/record.h"
#include "lib/test.h"
#include "preload/preload_next.h"

#define FD 7
#define DONOR 8

/* As strace(1) shows them */
#define UNRESVSP 0x40305829
#define UNRESVSP64 0x4030582b
#define ZERO_RANGE 0x40305839
#define RESVSP64 0x4030582a
#define EXT4_MOVE_EXT 0xc028660f
#define EXT4_SWAP_BOOT 0x6611
#define XFS_SWAPEXT 0xc0c0586d
#define XFS_EXCHANGE_RANGE 0x40285881
#define XFS_COMMIT_RANGE 0x40585883
#define F2FS_START_ATOMIC_WRITE 0xf501
#define F2FS_COMMIT_ATOMIC_WRITE 0xf502
#define F2FS_ABORT_ATOMIC_WRITE 0xf505
#define F2FS_MOVE_RANGE 0xc020f509
#define F2FS_RELEASE_COMPRESS_BLOCKS 0x8008f512
#define F2FS_SEC_TRIM_FILE 0x4018f514
#define F2FS_START_ATOMIC_REPLACE 0xf519

/* What preload_ioctl.c asks of others */

static unsigned int fs_magic;

bool preload_is_on(int fd, unsigned int magic)
{
	return magic == fs_magic;
}

static int next_ioctl(int fd, unsigned long request, void *arg)
{
	record("ioctl");
	return 0;
}

struct preload_next preload_next = {.ioctl = next_ioctl};

static int setup(void **state)
{
	fake_removal_busy_fd = -1;
	fs_magic = XFS_SUPER_MAGIC;
	record_clear();
	return 0;
}

#define IOCTL_CASE(fn) CASE_WITH(fn, setup, NULL)

/* Arguments with the descriptor of another file where the kernel has it */
static struct file_clone_range clone_range = {.src_fd = DONOR};
static uint32_t move_ext[10] = {0, DONOR};
static uint32_t move_range[8] = {DONOR};
static int64_t swap_ext[24] = {0, FD + 2, DONOR};
static int32_t exchange[22] = {DONOR};

static const struct {
	unsigned long request;
	unsigned int fs_magic;
	void *arg;
	const char *calls;
} cases[] = {
	{FICLONE, XFS_SUPER_MAGIC, (void *)DONOR,
	 "begin 7, share 8, ioctl, end, end"},
	{FICLONERANGE, XFS_SUPER_MAGIC, &clone_range,
	 "begin 7, share 8, ioctl, end, end"},
	{UNRESVSP, 0, NULL, "begin 7, ioctl, end"},
	{UNRESVSP64, 0, NULL, "begin 7, ioctl, end"},
	{ZERO_RANGE, 0, NULL, "begin 7, ioctl, end"},
	{EXT4_MOVE_EXT, EXT4_SUPER_MAGIC, move_ext,
	 "begin 7, begin 8, ioctl, end, end"},
	{EXT4_SWAP_BOOT, EXT4_SUPER_MAGIC, NULL, "begin 7, ioctl, end"},
	{XFS_SWAPEXT, XFS_SUPER_MAGIC, swap_ext,
	 "begin 9, begin 8, ioctl, end, end"},
	{XFS_EXCHANGE_RANGE, XFS_SUPER_MAGIC, exchange,
	 "begin 7, begin 8, ioctl, end, end"},
	{XFS_COMMIT_RANGE, XFS_SUPER_MAGIC, exchange,
	 "begin 7, begin 8, ioctl, end, end"},
	{F2FS_START_ATOMIC_WRITE, F2FS_SUPER_MAGIC, NULL,
	 "begin 7, ioctl, end"},
	{F2FS_COMMIT_ATOMIC_WRITE, F2FS_SUPER_MAGIC, NULL,
	 "begin 7, ioctl, end"},
	{F2FS_ABORT_ATOMIC_WRITE, F2FS_SUPER_MAGIC, NULL,
	 "begin 7, ioctl, end"},
	{F2FS_START_ATOMIC_REPLACE, F2FS_SUPER_MAGIC, NULL,
	 "begin 7, ioctl, end"},
	{F2FS_MOVE_RANGE, F2FS_SUPER_MAGIC, move_range,
	 "begin 7, begin 8, ioctl, end, end"},
	{F2FS_RELEASE_COMPRESS_BLOCKS, F2FS_SUPER_MAGIC, NULL,
	 "begin 7, ioctl, end"},
	{F2FS_SEC_TRIM_FILE, F2FS_SUPER_MAGIC, NULL, "begin 7, ioctl, end"},
};

IOCTL_CASE(removing__barrier)
{
	size_t i;

	for (i = 0; i < N_OF(cases); i++) {
		fs_magic = cases[i].fs_magic;
		assert_int_equal(ioctl(FD, cases[i].request, cases[i].arg), 0);
		assert_record(cases[i].calls);
	}
}

/* Where the number means something else, or nothing */
IOCTL_CASE(removing_elsewhere__passes)
{
	size_t i;

	fs_magic = TMPFS_MAGIC;
	for (i = 0; i < N_OF(cases); i++) {
		if (!cases[i].fs_magic)
			continue;
		assert_int_equal(ioctl(FD, cases[i].request, (void *)-1L), 0);
		assert_record("ioctl");
	}
}

/* The kernel says EFAULT. */
IOCTL_CASE(no_argument__passed_on)
{
	assert_int_equal(ioctl(FD, FICLONERANGE, NULL), 0);
	assert_record("begin 7, ioctl, end");
	assert_int_equal(ioctl(FD, FIDEDUPERANGE, NULL), 0);
	assert_record("share 7, ioctl, end");
}

IOCTL_CASE(source_is_busy__ETXTBSY)
{
	fake_removal_busy_fd = DONOR;
	errno = 0;
	assert_int_equal(ioctl(FD, FICLONE, DONOR), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_record("begin 7, share 8, end");
}

IOCTL_CASE(others__pass)
{
	assert_int_equal(ioctl(FD, FS_IOC_FIEMAP, NULL), 0);
	assert_int_equal(ioctl(FD, RESVSP64, NULL), 0);
	assert_record("ioctl, ioctl");
}

static struct file_dedupe_range *dedupe_to(int first, int second)
{
	struct file_dedupe_range *range;

	range = calloc(1, sizeof(*range) + 2 * sizeof(range->info[0]));
	assert_non_null(range);
	range->dest_count = 2;
	range->info[0].dest_fd = first;
	range->info[1].dest_fd = second;
	return range;
}

IOCTL_CASE(dedupe__barrier_of_all)
{
	struct file_dedupe_range *range = dedupe_to(8, 9);

	assert_int_equal(ioctl(FD, FIDEDUPERANGE, range), 0);
	assert_record("share 7, begin 8, begin 9, ioctl, end, end, end");
	free(range);
}

/* As programs have it that keep requests in an int */
IOCTL_CASE(request_with_a_sign__the_same)
{
	struct file_dedupe_range *range = dedupe_to(8, 9);
	int request = (int)FIDEDUPERANGE;

	assert_true(request < 0);
	assert_int_equal(ioctl(FD, request, range), 0);
	assert_record("share 7, begin 8, begin 9, ioctl, end, end, end");
	free(range);
}

IOCTL_CASE(dedupe_of_a_busy_file__ETXTBSY)
{
	struct file_dedupe_range *range = dedupe_to(8, 9);

	fake_removal_busy_fd = 9;
	errno = 0;
	assert_int_equal(ioctl(FD, FIDEDUPERANGE, range), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_record("share 7, begin 8, begin 9, end, end");
	free(range);
}
