// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Under F_LAYOUT_WRITE what a device writes to a file with a page cache is on the
 * disk after each way to sync, by whoever: looked at below the file system, in the
 * file of the loop device, so that the look writes nothing back.  With the control
 * module it is not (--control): the kernel takes the pages for clean.
 *
 * kernel-write DIRECTORY [--control|--long]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-common.h"
#include "kernel-disk.h"

#define LEN (64UL << 10)
#define AT 20480 /* where the device writes */
#define SIZE 16

static bool control;
static char direct[4096] __attribute__((aligned(4096)));

static unsigned long redirtied(void)
{
	static const char path[] =
		"/sys/module/layout_lease/parameters/redirtied_pages";
	char text[32] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		k_bail(path);
	close(fd);
	return strtoul(text, NULL, 10);
}

/* Ways to sync: 0 or an errno value */

static int by_fsync(const char *path)
{
	return fsync(open(path, O_RDONLY)) ? errno : 0;
}

static int by_fdatasync(const char *path)
{
	return fdatasync(open(path, O_RDONLY)) ? errno : 0;
}

/* Not by a description that is only for reading, as ever */
static int by_msync(const char *path)
{
	char *map =
		mmap(NULL, LEN, PROT_READ, MAP_SHARED, open(path, O_RDWR), 0);

	return msync(map, LEN, MS_SYNC) ? errno : 0;
}

static int by_sync(const char *path)
{
	sync();
	return 0;
}

static int by_syncfs(const char *path)
{
	return syncfs(open(path, O_RDONLY)) ? errno : 0;
}

static int by_range(const char *path)
{
	return sync_file_range(open(path, O_RDWR), 0, 0,
			       SYNC_FILE_RANGE_WRITE_AND_WAIT)
		       ? errno
		       : 0;
}

/* Makes the page dirty by itself, so it is no control */
static int by_osync(const char *path)
{
	return pwrite(open(path, O_RDWR | O_SYNC), "w", 1, AT + 2000) != 1
		       ? errno
		       : 0;
}

static int by_direct(const char *path)
{
	return pread(open(path, O_RDONLY | O_DIRECT), direct, 4096, AT) != 4096
		       ? errno
		       : 0;
}

/* One that must not wait, and is tried again if it would have to */
static int by_nowait(const char *path)
{
	struct iovec iov = {direct, 4096};
	int fd = open(path, O_RDONLY | O_DIRECT);

	if (preadv2(fd, &iov, 1, AT, RWF_NOWAIT) == 4096)
		return 0;
	return errno == EAGAIN ? by_direct(path) : errno;
}

static int by_freeze(const char *path)
{
	int fd = open(k_dir, O_RDONLY);
	int err = ioctl(fd, FIFREEZE, 0) ? errno : 0;

	return ioctl(fd, FITHAW, 0) ? errno : err;
}

static int by_fiemap(const char *path)
{
	struct fiemap map = {.fm_length = LEN, .fm_flags = FIEMAP_FLAG_SYNC};

	return ioctl(open(path, O_RDONLY), FS_IOC_FIEMAP, &map) ? errno : 0;
}

static void clone_name(char to[300], const char *path)
{
	snprintf(to, 300, "%s.clone", path);
}

static int by_clone(const char *path)
{
	char to[300];

	clone_name(to, path);
	return ioctl(open(to, O_RDWR | O_CREAT | O_TRUNC, 0600), FICLONE,
		     open(path, O_RDONLY))
		       ? errno
		       : 0;
}

static const struct {
	const char *name;
	k_op_fn *fn;
} ways[] = {
	{"fsync", by_fsync},
	{"fdatasync", by_fdatasync},
	{"msync", by_msync},
	{"sync", by_sync},
	{"syncfs", by_syncfs},
	{"sync_file_range", by_range},
	{"an O_SYNC write", by_osync},
	{"an O_DIRECT read", by_direct},
	{"an O_DIRECT read that must not wait", by_nowait},
	{"FIFREEZE", by_freeze},
	{"FIEMAP_FLAG_SYNC", by_fiemap},
	{"FICLONE from", by_clone},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* A file with a memory region, under F_LAYOUT_WRITE */
struct region {
	struct k_file file;
	struct ibv_mr *mr;
	char value[SIZE]; /* that the device has written */
};

static struct region region(size_t len)
{
	struct region r = {.file = k_file("written", len, 's')};
	int err;

	if (fsync(r.file.fd))
		k_bail("fsync");
	err = k_lease(r.file.fd, F_LAYOUT_WRITE);
	if (err)
		k_bail("F_LAYOUT_WRITE");
	r.mr = k_reg(r.file.map, len, K_WRITE, &err);
	if (!r.mr)
		k_bail("ibv_reg_mr");
	return r;
}

static void device_writes(struct region *r)
{
	static short n;

	snprintf(r->value, SIZE, "device %05hd", ++n);
	if (k_rdma_write(r->mr, r->file.map + AT, r->value, SIZE))
		k_bail("RDMA WRITE");
}

static bool is_synced(const struct region *r, k_op_fn *fn)
{
	char got[SIZE], to[300];

	clone_name(to, r->file.path);
	k_read_disk(fn == by_clone ? to : r->file.path, AT, got, SIZE);
	return !memcmp(got, r->value, SIZE);
}

/* Reads direct I/O by itself: that is what it is for */
static int and_look(k_op_fn *fn, const struct region *r)
{
	int err = fn(r->file.path);

	if (!err && (fn == by_direct || fn == by_nowait) &&
	    memcmp(direct, r->value, SIZE))
		err = EILSEQ;
	return err;
}

static int run(k_op_fn *fn, const struct region *r)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(and_look(fn, r));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * By another process, twice, for the first time the page is dirty from the pin;
 * then by the holder.  How many of them have left old data?
 */
static int lost(k_op_fn *fn, int *err)
{
	struct region r = region(LEN);
	char to[300];
	int i, n = 0;

	for (i = 0; i < 3; i++) {
		device_writes(&r);
		*err = i < 2 ? run(fn, &r) : and_look(fn, &r);
		if (*err && *err != EILSEQ)
			break;
		n += *err || !is_synced(&r, fn);
		*err = 0;
	}
	k_dereg(&r.mr);
	clone_name(to, r.file.path);
	unlink(to);
	k_file_close(&r.file);
	return n;
}

static void check_ways(void)
{
	int losing = 0, n, err;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		n = lost(ways[i].fn, &err);
		if (err == EOPNOTSUPP && ways[i].fn == by_clone)
			continue;
		losing += n > 0;
		if (control)
			k_note("%s: old data on the disk %d times of 3, %s",
			       ways[i].name, n, k_err(err));
		else
			k_check(!n && !err,
				"%s: on the disk is what the device wrote, by whoever, each time: %s",
				ways[i].name, n ? "no" : k_err(err));
	}
	if (control)
		k_check(losing >= 10, "%d of %zu ways lose data (a control)",
			losing, WAYS);
}

/* How a memory region ends, after the pages have been written back */
enum end { DEREG, CLOSED, EXIT, ENDS };

static const char *const ends[] = {
	[DEREG] = "ibv_dereg_mr",
	[CLOSED] = "unmapped, closed, without a lease, then ibv_dereg_mr",
	[EXIT] = "exit with the memory region",
};

static void end_region(struct region *r, enum end end)
{
	if (end == CLOSED) {
		k_lease(r->file.fd, F_UNLCK);
		munmap(r->file.map, LEN);
		close(r->file.fd);
	}
	if (end != EXIT)
		k_dereg(&r->mr);
}

static void check_end(enum end end)
{
	struct region *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	int status;
	bool ok;

	if (!pid) {
		*r = region(LEN);
		device_writes(r);
		if (by_fsync(r->file.path))
			_exit(1);
		device_writes(r);
		end_region(r, end);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	/* What is clean goes: was it? */
	k_sysctl("vm/drop_caches", 3);
	by_fsync(r->file.path);
	ok = !status && is_synced(r, by_fsync);
	if (control)
		k_note("%s: %s", ends[end], ok ? "nothing lost" : "lost");
	else
		k_check(ok, "%s: what the device wrote last gets to the disk",
			ends[end]);
	unlink(r->file.path);
	munmap(r, sizeof(*r));
}

/* Others write to the page and have it written back, all the time. */
static void check_racing(int rounds)
{
	struct region r = region(LEN);
	int i, behind = 0, fd = open(r.file.path, O_RDWR);
	pid_t pid = fork();

	while (!pid)
		if (pwrite(fd, "x", 1, AT + 1500) != 1 ||
		    sync_file_range(fd, 0, 0, 7))
			_exit(1);
	for (i = 0; i < rounds; i++) {
		device_writes(&r);
		if (fsync(r.file.fd))
			k_bail("fsync");
		behind += !is_synced(&r, by_fsync);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	k_check(control || !behind,
		"of %d fsync against others who write back %d were behind",
		rounds, behind);
	k_dereg(&r.mr);
	close(fd);
	k_file_close(&r.file);
}

static double time_fsync(int fd)
{
	double begin = k_now();
	int i;

	for (i = 0; i < 5; i++)
		if (fsync(fd))
			k_bail("fsync");
	return (k_now() - begin) / 5 * 1e3;
}

static void note_price(size_t mib)
{
	struct region r = region(mib << 20);
	unsigned long pages = redirtied();
	double with = time_fsync(r.file.fd), without;

	pages = redirtied() - pages;
	k_dereg(&r.mr);
	fsync(r.file.fd);
	without = time_fsync(r.file.fd);
	k_note("fsync, nothing written: %.2f ms; with a memory region of %zu MiB: %.1f ms, %lu pages",
	       without, mib, with, pages / 5);
	k_file_close(&r.file);
}

int main(int argc, char **argv)
{
	bool is_long = argc > 2 && !strcmp(argv[2], "--long");
	int end;

	k_begin(argc, argv, is_long ? 400 : 150);
	control = argc > 2 && !strcmp(argv[2], "--control");
	check_ways();
	for (end = 0; end < ENDS; end++)
		check_end(end);
	check_racing(is_long ? 1000 : 20);
	if (is_long) {
		note_price(1);
		note_price(16);
	}
	return k_end();
}
