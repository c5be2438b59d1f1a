// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Before which calls of the program regions are revoked, or pages made dirty */
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fakes/fake_removal.h"
#include "lib/record.h"
#include "lib/test.h"
#include "preload/preload_next.h"
#include "preload/private.h"

#define FD 7
#define OTHER 8

/* What preload_file.c asks of others */

static unsigned int fs_magic;

int fstatfs(int fd, struct statfs *sfs)
{
	sfs->f_type = fs_magic;
	return 0;
}

int pinsafe_private_removal_mapped(void *addr, size_t length,
				   int (*real_madvise)(void *, size_t, int))
{
	record("mapped");
	return 0;
}

atomic_bool pinsafe_private_is_written;

void pinsafe_private_sync_file(int fd, bool is_whole_fs)
{
	record(is_whole_fs ? "dirty all on %d" : "dirty %d", fd);
}

void pinsafe_private_sync_range(const void *addr, size_t length)
{
	record(addr ? "dirty range" : "dirty all");
}

static int next_call(void)
{
	record("call");
	return 0;
}

static int next_fcntl(int fd, int command, void *arg)
{
	return next_call();
}

static int next_ftruncate(int fd, off_t length)
{
	return next_call();
}

static int next_fallocate(int fd, int mode, off_t offset, off_t length)
{
	return next_call();
}

static ssize_t next_copy_file_range(int from, off_t *from_offset, int to,
				    off_t *to_offset, size_t length,
				    unsigned int flags)
{
	return next_call();
}

static int next_madvise(void *addr, size_t length, int advice)
{
	return next_call();
}

static int next_fd(int fd)
{
	return next_call();
}

static int next_msync(void *addr, size_t length, int flags)
{
	return next_call();
}

static int next_sync_file_range(int fd, off_t offset, off_t length,
				unsigned int flags)
{
	return next_call();
}

static void next_sync(void)
{
	(void)next_call();
}

static int next_aio_fsync(int operation, struct aiocb *aiocb)
{
	return next_call();
}

struct preload_next preload_next = {
	.fcntl = next_fcntl,
	.ftruncate = next_ftruncate,
	.fallocate = next_fallocate,
	.copy_file_range = next_copy_file_range,
	.madvise = next_madvise,
	.fsync = next_fd,
	.fdatasync = next_fd,
	.msync = next_msync,
	.sync_file_range = next_sync_file_range,
	.syncfs = next_fd,
	.sync = next_sync,
	.aio_fsync = next_aio_fsync,
};

static int setup(void **state)
{
	fake_removal_busy_fd = -1;
	fs_magic = XFS_SUPER_MAGIC;
	pinsafe_private_is_written = true;
	record_clear();
	return 0;
}

#define CALL_CASE(fn) CASE_WITH(fn, setup, NULL)

static int punch(int mode)
{
	return fallocate(FD, mode | FALLOC_FL_KEEP_SIZE, 0, 4096);
}

CALL_CASE(length_and_holes__revoked_first)
{
	assert_int_equal(ftruncate(FD, 0), 0);
	assert_record("begin 7, call, end");
	assert_int_equal(punch(FALLOC_FL_PUNCH_HOLE), 0);
	assert_record("begin 7, call, end");
	assert_int_equal(punch(FALLOC_FL_ZERO_RANGE), 0);
	assert_record("begin 7, call, end");
	/* FALLOC_FL_WRITE_ZEROES of Linux 6.17, and what comes after it */
	assert_int_equal(punch(0x80), 0);
	assert_record("begin 7, call, end");
}

CALL_CASE(allocation__nothing)
{
	assert_int_equal(punch(0), 0);
	assert_int_equal(punch(FALLOC_FL_UNSHARE_RANGE), 0);
	assert_record("call, call");
}

CALL_CASE(O_DIRECT_on__revoked_first)
{
	assert_int_equal(fcntl(FD, F_SETFL, O_NONBLOCK | O_DIRECT), 0);
	assert_record("begin 7, call, end");
	fake_removal_busy_fd = FD;
	errno = 0;
	assert_int_equal(fcntl64(FD, F_SETFL, O_DIRECT), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_record("begin 7");
}

CALL_CASE(other_fcntl__passes)
{
	assert_int_equal(fcntl(FD, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(FD, F_GETFL), 0);
	assert_int_equal(fcntl(FD, F_DUPFD_CLOEXEC, O_DIRECT), 0);
	assert_record("call, call, call");
}

CALL_CASE(copy_on_xfs__both_files)
{
	assert_int_equal(copy_file_range(OTHER, NULL, FD, NULL, 1, 0), 0);
	assert_record("begin 7, share 8, call, end, end");
	fake_removal_busy_fd = OTHER;
	errno = 0;
	assert_int_equal(copy_file_range(OTHER, NULL, FD, NULL, 1, 0), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_record("begin 7, share 8, end");
}

/* From page to page */
CALL_CASE(copy_elsewhere__nothing)
{
	fs_magic = EXT4_SUPER_MAGIC;
	assert_int_equal(copy_file_range(OTHER, NULL, FD, NULL, 1, 0), 0);
	assert_record("call");
}

CALL_CASE(remove__by_the_mapping)
{
	static char page[4096];

	assert_int_equal(front_madvise(page, sizeof(page), MADV_REMOVE), 0);
	assert_record("mapped");
	assert_int_equal(front_madvise(page, sizeof(page), MADV_DONTNEED), 0);
	assert_record("call");
}

CALL_CASE(writeback__made_dirty_first)
{
	struct aiocb aiocb = {.aio_fildes = FD};
	static char page[4096];

	assert_int_equal(fsync(FD), 0);
	assert_int_equal(fdatasync(FD), 0);
	assert_record("dirty 7, call, dirty 7, call");
	assert_int_equal(msync(page, sizeof(page), MS_SYNC), 0);
	assert_record("dirty range, call");
	assert_int_equal(aio_fsync(O_DSYNC, &aiocb), 0);
	assert_record("dirty 7, call");
	assert_int_equal(syncfs(FD), 0);
	assert_record("dirty all on 7, call");
	sync();
	assert_record("dirty all, call");
}

CALL_CASE(writeback_where_devices_write_nothing__nobody_is_asked)
{
	static char page[4096];

	pinsafe_private_is_written = false;
	assert_int_equal(fsync(FD), 0);
	assert_int_equal(msync(page, sizeof(page), MS_SYNC), 0);
	assert_record("call, call");
	sync();
	assert_record("call");
}

CALL_CASE(sync_file_range__if_it_writes)
{
	assert_int_equal(
		sync_file_range(FD, 0, 0, SYNC_FILE_RANGE_WRITE), 0);
	assert_record("dirty 7, call");
	assert_int_equal(
		sync_file_range(FD, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE), 0);
	assert_record("call");
}
