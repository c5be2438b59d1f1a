// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a peer writes into a page-cache file is on the disk after fsync,
 * fdatasync, msync, sync_file_range, aio_fsync, syncfs, sync, or the
 * deregistration and an fsync by another process, also if the page was written
 * back before; the control, without pinsafe, shows that all but the last return
 * success and leave old data there.
 *
 *   page-cache-sync DIR [--expect-loss]
 *
 * Writeback cleans and write-protects a page; a device writes to it all the
 * same, and nothing makes it dirty again until it is unpinned.
 */
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "disk.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define AT 20480
#define CHILD_MS 30000

#define FIRST 0x3131313131313131
#define SECOND 0x3232323232323232

static char directory[FILES_PATH_MAX];

static void write_value(struct region *region, struct verbs *verbs,
			uint64_t value)
{
	int status = region_write(region, verbs, AT, value);

	t_ok(!status, "RDMA WRITE: %s", ibv_wc_status_str(status));
	t_ok(!memcmp(region->addr + AT, &value, sizeof(value)),
	     "the program sees it");
}

static int sync_fsync(struct region *region)
{
	return fsync(region->fd) ? errno : 0;
}

static int sync_fdatasync(struct region *region)
{
	return fdatasync(region->fd) ? errno : 0;
}

/* The page alone */
static int sync_msync(struct region *region)
{
	return msync(region->addr + AT, 4096, MS_SYNC) ? errno : 0;
}

static int sync_range(struct region *region)
{
	unsigned int flags = SYNC_FILE_RANGE_WAIT_BEFORE |
			     SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

	return sync_file_range(region->fd, AT, 4096, flags) ? errno : 0;
}

static int sync_aio(struct region *region)
{
	struct aiocb aiocb = {.aio_fildes = region->fd};
	const struct aiocb *list[] = {&aiocb};

	if (aio_fsync(O_SYNC, &aiocb))
		return errno;
	while (aio_error(&aiocb) == EINPROGRESS)
		(void)aio_suspend(list, 1, NULL);
	return aio_return(&aiocb) ? EIO : 0;
}

/* By a descriptor of another file */
static int sync_syncfs(struct region *region)
{
	int fd = open(directory, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 || syncfs(fd) ? errno : 0;

	close(fd);
	return err;
}

static int sync_sync(struct region *region)
{
	sync();
	return 0;
}

static const struct {
	const char *name;
	int (*sync)(struct region *region);
} ways[] = {
	{"fsync", sync_fsync},
	{"fdatasync", sync_fdatasync},
	{"msync", sync_msync},
	{"sync_file_range", sync_range},
	{"aio_fsync", sync_aio},
	{"syncfs", sync_syncfs},
	{"sync", sync_sync},
};

static void check_way(struct verbs *verbs, unsigned way, bool loss)
{
	const char *name = ways[way].name;
	struct region region;
	struct disk disk;
	uint64_t value;

	region_create(&region, directory, name, FILE_LEN);
	disk = disk_open(region.fd, FILE_LEN, AT);
	region_register(&region, verbs);
	write_value(&region, verbs, FIRST);
	t_zero(ways[way].sync(&region), "%s", name);
	t_ok(disk_read(&disk) == FIRST, "%s: the disk has the data", name);
	write_value(&region, verbs, SECOND);
	t_zero(ways[way].sync(&region), "%s once more", name);
	value = disk_read(&disk);
	t_ok(value == (loss ? FIRST : SECOND),
	     "%s once more: the disk has the %s data", name,
	     value == FIRST    ? "old"
	     : value == SECOND ? "new"
			       : "wrong");
	region_destroy(&region);
	close(disk.fd);
}

/* The other process, with a descriptor of its own */
static int fsync_path(void *path, long param)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno;
	if (fsync(fd))
		err = errno;
	close(fd);
	return err;
}

static void write_twice(struct region *region, struct verbs *verbs)
{
	region_register(region, verbs);
	write_value(region, verbs, FIRST);
	t_zero(fsync(region->fd), "fsync");
	write_value(region, verbs, SECOND);
}

/* The kernel alone gets this right, and the end of a program: see above */
static void check_deregistered(struct verbs *verbs, struct t_child *other,
			       const char *name)
{
	struct region region;
	struct disk disk;

	region_create(&region, directory, name, FILE_LEN);
	disk = disk_open(region.fd, FILE_LEN, AT);
	write_twice(&region, verbs);
	region_deregister(&region);
	t_zero(t_child_run(other, 0, CHILD_MS).err,
	       "after ibv_dereg_mr: fsync by another process");
	t_ok(disk_read(&disk) == SECOND,
	     "after ibv_dereg_mr: the disk has the new data");
	region_destroy(&region);
	close(disk.fd);
}

/* A program that ends without ibv_dereg_mr() */
static void write_and_exit(const char *path)
{
	struct region region = {.len = FILE_LEN};
	struct verbs verbs;

	files_path(region.path, path, "exit");
	region.fd = open(region.path, O_RDWR | O_CLOEXEC);
	if (region.fd < 0)
		t_bail("opening %s", region.path);
	region.addr = files_map(region.fd, FILE_LEN);
	verbs_open(&verbs);
	write_twice(&region, &verbs);
	exit(t_done());
}

static void check_exited(struct t_child *other, const char *path)
{
	int fd = files_create(path, FILE_LEN, '.'), status;
	struct disk disk = disk_open(fd, FILE_LEN, AT);
	pid_t pid;

	/* So that the program is the only one that has it open */
	close(fd);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		t_bail("fork");
	if (!pid)
		write_and_exit(directory);
	if (waitpid(pid, &status, 0) != pid)
		t_bail("waitpid");
	t_ok(!status, "the program has ended well");
	t_zero(t_child_run(other, 0, CHILD_MS).err,
	       "after its end: fsync by another process");
	t_ok(disk_read(&disk) == SECOND,
	     "after its end: the disk has the new data");
	close(disk.fd);
	unlink(path);
}

int main(int argc, char **argv)
{
	static char deregistered[FILES_PATH_MAX], exited[FILES_PATH_MAX];
	struct t_child after_dereg, after_exit;
	struct verbs verbs;
	bool loss = guard_is_control(argc, argv);
	unsigned way;

	snprintf(directory, sizeof(directory), "%s", argv[1]);
	files_path(deregistered, directory, "deregister");
	files_path(exited, directory, "exit");
	t_child_start(&after_dereg, fsync_path, deregistered);
	t_child_start(&after_exit, fsync_path, exited);
	check_exited(&after_exit, exited);
	verbs_open(&verbs);
	for (way = 0; way < sizeof(ways) / sizeof(ways[0]); way++)
		check_way(&verbs, way, loss);
	check_deregistered(&verbs, &after_dereg, "deregister");
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&after_dereg);
	t_child_stop(&after_exit);
	return t_done();
}
