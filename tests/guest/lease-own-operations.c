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
#include <mntent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fake-removal.h"
#include "own-operations.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define LOG_MS 5000

static struct verbs verbs;
static bool is_xfs, expect_loss;

/* Of the moment before the kernel gets the operation */
static bool was_seen;
static int status_before;
static uint64_t revoked_before;

static void look(void)
{
	was_seen = true;
	revoked_before = guard_stats().revoked_mrs;
	status_before = region_write(&own_region, &verbs, OWN_AT, 1);
}

static void begin(const char *what)
{
	region_create(&own_region, own_directory, "own", OWN_FILE_LEN);
	region_register(&own_region, &verbs);
	region_check_arrives(&own_region, &verbs, what);
	if (!expect_loss)
		rerun_log_clear();
	was_seen = false;
}

static void end(const char *what)
{
	region_deregister(&own_region);
	if (ftruncate(own_region.fd, OWN_FILE_LEN))
		t_bail("extending the file");
	region_register(&own_region, &verbs);
	region_check_arrives(&own_region, &verbs, what);
	region_destroy(&own_region);
}

static void check_lost(const char *what)
{
	uint64_t value = 0x6c6f737400000000, found = value;
	int status;

	if (ftruncate(own_region.fd, OWN_FILE_LEN))
		t_bail("extending the file");
	status = region_write(&own_region, &verbs, OWN_AT, value);
	t_ok(!status_before && !status, "%s: RDMA WRITE afterwards: %s", what,
	     ibv_wc_status_str(status));
	t_ok(pread(own_region.fd, &found, sizeof(found), OWN_AT) == sizeof(found) &&
		     found != value,
	     "%s: the file does not have it: lost", what);
}

static void check_revoked(const struct pinsafe_stats *before, const char *what)
{
	struct pinsafe_stats now = guard_stats();
	int status = region_write(&own_region, &verbs, OWN_AT, 1);

	t_ok(now.breaks == before->breaks + 1 &&
		     now.revoked_mrs == before->revoked_mrs + 1 && !now.leases,
	     "%s: one break is counted, one region revoked, no lease", what);
	t_ok(status == IBV_WC_REM_ACCESS_ERR, "%s: RDMA WRITE afterwards: %s",
	     what, ibv_wc_status_str(status));
	t_ok(rerun_log_wait("1 memory region(s) revoked", 1, LOG_MS),
	     "%s: the log says so", what);
}

static void check_removal(const struct own_operation *operation)
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

/*
 * Blocks are shared as they are on the disk, which does not have what a device
 * wrote since the last writeback.
 */
static void check_sharing(const struct own_sharing *sharing)
{
	const char *name = sharing->name;
	uint64_t value = 0x64657669636531, found = 0;
	struct pinsafe_stats before;
	int to = own_open_other(), err;

	begin(name);
	before = guard_stats();
	if (fsync(own_region.fd))
		t_bail("fsync");
	t_zero(region_write(&own_region, &verbs, OWN_AT, value), "%s: RDMA WRITE", name);
	err = sharing->run(to);
	t_zero(err, "%s", name);
	if (pread(to, &found, sizeof(found), OWN_AT) != sizeof(found))
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
static void check_harmless(const struct own_operation *operation)
{
	const char *name = operation->name;
	struct pinsafe_stats before;

	begin(name);
	before = guard_stats();
	t_zero(operation->run(), "%s", name);
	t_ok(guard_stats().breaks == before.breaks, "%s: no break", name);
	region_check_arrives(&own_region, &verbs, name);
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
	return (void *)(intptr_t)((const struct own_operation *)operation)->run();
}

/* These the kernel sees; who waits for the holder is the holder itself. */
static void check_open_in(const struct own_operation *operation, bool in_thread)
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

static void check_open(const struct own_operation *operation)
{
	check_open_in(operation, false);
	check_open_in(operation, true);
}

/* The guest's xfs is mounted with DAX; a page cache is wanted here. */
static void mount_without_dax(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char source[FILES_PATH_MAX] = "";
	struct mntent *entry;

	while (mounts && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_dir, own_directory))
			snprintf(source, sizeof(source), "%s",
				 entry->mnt_fsname);
	if (mounts)
		endmntent(mounts);
	if (umount2(own_directory, 0) ||
	    mount(source, own_directory, "xfs", 0, "dax=never"))
		t_bail("mounting %s without DAX", own_directory);
}

/* Of those that this file system has */
static void on_each(const struct own_operation *operation,
		    void (*check)(const struct own_operation *operation))
{
	for (; operation->name; operation++)
		if (operation->where == OWN_ANYWHERE ||
		    operation->where == (is_xfs ? OWN_XFS : OWN_EXT4))
			check(operation);
}

int main(int argc, char **argv)
{
	const struct own_sharing *sharing;

	expect_loss = guard_is_control(argc, argv);
	if (!expect_loss)
		rerun_with_log(argv);
	own_directory = argv[1];
	is_xfs = !strcmp(files_fs_name(own_directory), "xfs");
	if (is_xfs)
		mount_without_dax();
	verbs_open(&verbs);
	on_each(own_removals, check_removal);
	for (sharing = own_sharings; is_xfs && sharing->name; sharing++)
		check_sharing(sharing);
	if (!expect_loss) {
		on_each(own_harmless, check_harmless);
		check_growth();
		on_each(own_opens, check_open);
	}
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
