// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * After an fsync() pinsafe_sync() writes back what a device wrote since then,
 * and another fsync() does not: on a page cache, as the disk shows, and on
 * FS-DAX, as the trace of writebacks does.
 *
 *   api-sync disk|trace DIR
 *
 * The program is linked with pinsafe and not run with it preloaded, so that
 * its fsync() is the C library's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "events.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define AT 20480

#define FIRST 0x3131313131313131
#define SECOND 0x3232323232323232

#define TRACING "/sys/kernel/debug/tracing"

static void write_value(struct region *region, struct verbs *verbs,
			uint64_t value)
{
	int status = region_write(region, verbs, AT, value);

	t_ok(!status, "RDMA WRITE: %s", ibv_wc_status_str(status));
}

static void sync_by_fsync(struct region *region, const char *what)
{
	t_zero(fsync(region->fd) ? errno : 0, "%s", what);
}

static void sync_by_pinsafe(struct region *region)
{
	t_zero(pinsafe_sync(region->mr, AT, sizeof(uint64_t), 0),
	       "pinsafe_sync");
}

static void check_disk(struct region *region, struct verbs *verbs)
{
	/* Before it is registered: to look for the blocks cleans the pages. */
	struct disk disk = disk_open(region->fd, FILE_LEN, AT);

	region_register(region, verbs);
	write_value(region, verbs, FIRST);
	sync_by_fsync(region, "fsync");
	t_ok(disk_read(&disk) == FIRST, "fsync: the disk has the data");
	write_value(region, verbs, SECOND);
	sync_by_fsync(region, "fsync once more");
	t_ok(disk_read(&disk) == FIRST,
	     "fsync once more: the disk has the old data");
	sync_by_pinsafe(region);
	t_ok(disk_read(&disk) == SECOND,
	     "pinsafe_sync: the disk has the new data");
	close(disk.fd);
}

static void trace_write(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACING "/%s", name);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		t_skip("no %s", path);
	if (write(fd, value, strlen(value)) < 0)
		t_bail("writing to %s", path);
	close(fd);
}

/* Writebacks of the file since trace_clear() */
static int trace_count(int fd)
{
	char line[512], inode[64];
	struct stat st;
	FILE *trace;
	int n = 0;

	if (fstat(fd, &st))
		t_bail("fstat");
	snprintf(inode, sizeof(inode), "ino 0x%lx ", (unsigned long)st.st_ino);
	trace = fopen(TRACING "/trace", "re");
	if (!trace)
		t_bail("the trace");
	while (fgets(line, sizeof(line), trace))
		if (strstr(line, "dax_writeback_one:") && strstr(line, inode))
			n++;
	fclose(trace);
	return n;
}

static void trace_clear(void)
{
	trace_write("trace", "\n");
}

static void check_trace(struct region *region, struct verbs *verbs)
{
	const char *enable = "events/fs_dax/dax_writeback_one/enable";

	region_register(region, verbs);
	trace_write(enable, "1");
	trace_clear();
	write_value(region, verbs, FIRST);
	sync_by_fsync(region, "fsync");
	t_ok(trace_count(region->fd) > 0, "fsync: %d writebacks",
	     trace_count(region->fd));
	write_value(region, verbs, SECOND);
	trace_clear();
	sync_by_fsync(region, "fsync once more");
	t_ok(!trace_count(region->fd), "fsync once more: %d writebacks",
	     trace_count(region->fd));
	sync_by_pinsafe(region);
	t_ok(trace_count(region->fd) > 0, "pinsafe_sync: %d writebacks",
	     trace_count(region->fd));
	trace_write(enable, "0");
}

int main(int argc, char **argv)
{
	struct region region;
	struct verbs verbs;

	if (argc != 3)
		t_bail("usage: disk|trace DIR");
	region_create(&region, argv[2], "sync", FILE_LEN);
	events_open(&verbs);
	if (!strcmp(argv[1], "disk"))
		check_disk(&region, &verbs);
	else
		check_trace(&region, &verbs);
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
