// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a program does to its file through the description that an ordinary
 * lease is on breaks nothing in the kernel.  Still the region is revoked before
 * the kernel takes any block away, the operation succeeds, and the memory can
 * be registered again.  The control, without pinsafe, shows that the region
 * goes on working and what it writes is in no file.
 *
 *   lease-own-operations DIR [--expect-loss]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <mntent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fake-removal.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
/* What is taken away, and a place in there */
#define FROM 16384
#define LEN 16384
#define AT 20480
#define LOG_MS 5000

static const char *directory;
static struct verbs verbs;
static struct region region;
static bool is_xfs, expect_loss;

/* Of the moment before the kernel gets the operation */
static bool was_seen;
static int status_before;
static uint64_t revoked_before;

static void look(void)
{
	was_seen = true;
	revoked_before = guard_stats().revoked_mrs;
	status_before = region_write(&region, &verbs, AT, 1);
}

static int run_fallocate(int mode)
{
	return fallocate(region.fd, mode, FROM, LEN) ? errno : 0;
}

static int own_ftruncate(void)
{
	return ftruncate(region.fd, FROM) ? errno : 0;
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
	return madvise(region.addr + FROM, LEN, MADV_REMOVE) ? errno : 0;
}

static int open_other(void)
{
	char path[FILES_PATH_MAX];

	files_path(path, directory, "other");
	return files_create(path, FILE_LEN, 'o');
}

static int own_clone(void)
{
	int from = open_other(), err;

	err = ioctl(region.fd, FICLONE, from) ? errno : 0;
	close(from);
	return err;
}

static int own_copy(void)
{
	off64_t from_offset = FROM, to_offset = FROM;
	int from = open_other();
	ssize_t n;

	n = copy_file_range(from, &from_offset, region.fd, &to_offset, LEN, 0);
	close(from);
	return n == LEN ? 0 : n < 0 ? errno : EIO;
}

/* What is written so takes the pages out of the page cache. */
static int own_direct(void)
{
	static char page[4096] __attribute__((aligned(4096)));
	int flags = fcntl(region.fd, F_GETFL);
	ssize_t n;

	if (fcntl(region.fd, F_SETFL, flags | O_DIRECT))
		return errno;
	memset(page, 'd', sizeof(page));
	n = pwrite(region.fd, page, sizeof(page), AT);
	if (fcntl(region.fd, F_SETFL, flags))
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
	} space = {.start = FROM, .len = LEN};

	return ioctl(region.fd, _IOW('X', 43, space), &space) ? errno : 0;
}

/* EXT4_IOC_SWAP_BOOT: the file is what the boot loader's inode was. */
static int own_swap_boot(void)
{
	return ioctl(region.fd, _IO('f', 17)) ? errno : 0;
}

static int own_allocate(void)
{
	return fallocate(region.fd, 0, FILE_LEN, LEN) ? errno : 0;
}

static int own_write(void)
{
	return pwrite(region.fd, "own", 4, FROM) == 4 ? 0 : EIO;
}

static int own_grow(void)
{
	return ftruncate(region.fd, FILE_LEN + LEN) ? errno : 0;
}

static const struct operation {
	const char *name;
	int (*run)(void);
	enum where { ANYWHERE, XFS, EXT4 } where;
} removals[] = {
	{"ftruncate", own_ftruncate, ANYWHERE},
	{"PUNCH_HOLE", own_punch, ANYWHERE},
	{"COLLAPSE_RANGE", own_collapse, ANYWHERE},
	{"ZERO_RANGE", own_zero, ANYWHERE},
	{"MADV_REMOVE", own_remove, ANYWHERE},
	{"UNRESVSP64", own_unresvsp, ANYWHERE},
	{"O_DIRECT", own_direct, ANYWHERE},
	{"FICLONE", own_clone, XFS},
	{"copy_file_range", own_copy, XFS},
	{"EXT4_IOC_SWAP_BOOT", own_swap_boot, EXT4},
};

static int truncate_path(void)
{
	return truncate(region.path, 0) ? errno : 0;
}

static int open_truncating(void)
{
	int fd = open(region.path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static const struct operation opens[] = {
	{"truncate(path)", truncate_path, ANYWHERE},
	{"open(O_TRUNC)", open_truncating, ANYWHERE},
};

static void begin(const char *what)
{
	region_create(&region, directory, "own", FILE_LEN);
	region_register(&region, &verbs);
	region_check_arrives(&region, &verbs, what);
	if (!expect_loss)
		rerun_log_clear();
	was_seen = false;
}

static void end(const char *what)
{
	region_deregister(&region);
	if (ftruncate(region.fd, FILE_LEN))
		t_bail("extending the file");
	region_register(&region, &verbs);
	region_check_arrives(&region, &verbs, what);
	region_destroy(&region);
}

static void check_lost(const char *what)
{
	uint64_t value = 0x6c6f737400000000, found = value;
	int status;

	if (ftruncate(region.fd, FILE_LEN))
		t_bail("extending the file");
	status = region_write(&region, &verbs, AT, value);
	t_ok(!status_before && !status, "%s: RDMA WRITE afterwards: %s", what,
	     ibv_wc_status_str(status));
	t_ok(pread(region.fd, &found, sizeof(found), AT) == sizeof(found) &&
		     found != value,
	     "%s: the file does not have it: lost", what);
}

static void check_revoked(const struct pinsafe_stats *before, const char *what)
{
	struct pinsafe_stats now = guard_stats();
	int status = region_write(&region, &verbs, AT, 1);

	t_ok(now.breaks == before->breaks + 1 &&
		     now.revoked_mrs == before->revoked_mrs + 1 && !now.leases,
	     "%s: one break is counted, one region revoked, no lease", what);
	t_ok(status == IBV_WC_REM_ACCESS_ERR, "%s: RDMA WRITE afterwards: %s",
	     what, ibv_wc_status_str(status));
	t_ok(rerun_log_wait("1 memory region(s) revoked", 1, LOG_MS),
	     "%s: the log says so", what);
}

static void check_removal(const struct operation *operation)
{
	const char *name = operation->name;
	struct pinsafe_stats before;
	int err;

	begin(name);
	before = guard_stats();
	fake_removal_expect(look);
	err = operation->run();
	t_zero(err, "%s", name);
	t_ok(was_seen, "%s: it got to the kernel", name);
	if (expect_loss) {
		check_lost(name);
	} else {
		t_ok(revoked_before == before.revoked_mrs + 1 &&
			     status_before == IBV_WC_REM_ACCESS_ERR,
		     "%s: before that the region was revoked: %s", name,
		     ibv_wc_status_str(status_before));
		check_revoked(&before, name);
		t_ok(rerun_log_count("is being broken, because the program itself") == 1,
		     "%s: the log says who it was", name);
	}
	end(name);
}

static int share_clone(int to)
{
	return ioctl(to, FICLONE, region.fd) ? errno : 0;
}

static int share_copy(int to)
{
	off64_t from_offset = 0, to_offset = 0;
	ssize_t n = copy_file_range(region.fd, &from_offset, to, &to_offset,
				    FILE_LEN, 0);

	return n == FILE_LEN ? 0 : n < 0 ? errno : EIO;
}

/* The other file has the same already, and has to have it still. */
static int share_dedupe(int to)
{
	struct {
		struct file_dedupe_range range;
		struct file_dedupe_range_info info;
	} dedupe = {.range = {.src_length = FILE_LEN, .dest_count = 1},
		    .info = {.dest_fd = to}};

	if (pwrite(to, region.addr, FILE_LEN, 0) != FILE_LEN || fsync(to))
		return EIO;
	if (ioctl(region.fd, FIDEDUPERANGE, &dedupe))
		return errno;
	return dedupe.info.bytes_deduped == FILE_LEN ? 0 : EIO;
}

static const struct sharing {
	const char *name;
	int (*run)(int to);
} sharings[] = {
	{"clone of it", share_clone},
	{"copy of it", share_copy},
	{"dedupe with it", share_dedupe},
};

/*
 * Blocks are shared as they are on the disk, which does not have what a device
 * wrote since the last writeback.
 */
static void check_sharing(const struct sharing *sharing)
{
	const char *name = sharing->name;
	uint64_t value = 0x64657669636531, found = 0;
	struct pinsafe_stats before;
	int to = open_other(), err;

	begin(name);
	before = guard_stats();
	if (fsync(region.fd))
		t_bail("fsync");
	t_zero(region_write(&region, &verbs, AT, value), "%s: RDMA WRITE", name);
	err = sharing->run(to);
	t_zero(err, "%s", name);
	if (pread(to, &found, sizeof(found), AT) != sizeof(found))
		t_bail("pread");
	t_ok((found == value) != expect_loss,
	     "%s: the other file %s what the device wrote", name,
	     expect_loss ? "does not have" : "has");
	if (!expect_loss)
		check_revoked(&before, name);
	close(to);
	end(name);
}

/* Nothing is taken away, so nothing is revoked. */
static void check_harmless(const char *name, int (*run)(void))
{
	struct pinsafe_stats before;

	begin(name);
	before = guard_stats();
	t_zero(run(), "%s", name);
	t_ok(guard_stats().breaks == before.breaks, "%s: no break", name);
	region_check_arrives(&region, &verbs, name);
	end(name);
}

/* Growth is not told from shrinking, so this may revoke; but it works. */
static void check_growth(void)
{
	const char *name = "ftruncate to more";
	struct pinsafe_stats before;

	begin(name);
	before = guard_stats();
	t_zero(own_grow(), "%s", name);
	t_note("%s: %s", name,
	       guard_stats().breaks > before.breaks ? "revoked" : "alive");
	end(name);
}

static void *run_in_thread(void *operation)
{
	return (void *)(intptr_t)((const struct operation *)operation)->run();
}

/* These the kernel sees; who waits for the holder is the holder itself. */
static void check_open(const struct operation *operation, bool in_thread)
{
	struct pinsafe_stats before;
	uint64_t ns = t_now_ns();
	char what[80];
	void *err;
	pthread_t thread;

	snprintf(what, sizeof(what), "%s in %s thread", operation->name,
		 in_thread ? "another" : "this");
	begin(what);
	before = guard_stats();
	ns = t_now_ns();
	if (!in_thread)
		err = run_in_thread((void *)(uintptr_t)operation);
	else if (pthread_create(&thread, NULL, run_in_thread,
				(void *)(uintptr_t)operation) ||
		 pthread_join(thread, &err))
		t_bail("a thread");
	ns = t_now_ns() - ns;
	t_zero((intptr_t)err, "%s: %.0f ms", what, t_ms(ns));
	t_ok(t_ms(ns) < guard_break_time_ms() / 2.0, "%s: no deadlock", what);
	t_ok(guard_wait_revoked(before.revoked_mrs + 1, 5000),
	     "%s: revoked, no lease", what);
	check_revoked(&before, what);
	end(what);
}

/* The guest's xfs is mounted with DAX; a page cache is wanted here. */
static void mount_without_dax(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char source[FILES_PATH_MAX] = "";
	struct mntent *entry;

	while (mounts && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_dir, directory))
			snprintf(source, sizeof(source), "%s",
				 entry->mnt_fsname);
	if (mounts)
		endmntent(mounts);
	if (umount2(directory, 0) ||
	    mount(source, directory, "xfs", 0, "dax=never"))
		t_bail("mounting %s without DAX", directory);
}

int main(int argc, char **argv)
{
	size_t i;

	expect_loss = guard_is_control(argc, argv);
	if (!expect_loss)
		rerun_with_log(argv);
	directory = argv[1];
	is_xfs = !strcmp(files_fs_name(directory), "xfs");
	if (is_xfs)
		mount_without_dax();
	verbs_open(&verbs);
	for (i = 0; i < sizeof(removals) / sizeof(removals[0]); i++)
		if (removals[i].where == ANYWHERE ||
		    removals[i].where == (is_xfs ? XFS : EXT4))
			check_removal(&removals[i]);
	for (i = 0; is_xfs && i < sizeof(sharings) / sizeof(sharings[0]); i++)
		check_sharing(&sharings[i]);
	if (!expect_loss) {
		check_harmless("fallocate", own_allocate);
		check_harmless("pwrite", own_write);
		if (!is_xfs)
			check_harmless("copy_file_range", own_copy);
		check_growth();
		for (i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
			check_open(&opens[i], false);
			check_open(&opens[i], true);
		}
	}
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
