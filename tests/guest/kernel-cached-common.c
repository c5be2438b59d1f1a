// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See kernel-cached.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel-cached.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

#define HUGE_PAGE (2UL << 20)
#define HUGE_PAGES 16	/* of the guest */

enum cached_fs cached_fs;
size_t cached_unit = 65536;
size_t cached_len;
int cached_access = K_READ;
char cached_source[256];

static unsigned int version;
static struct k_file source;

static enum cached_fs which(long magic)
{
	static const long known[CACHED_FS] = {
		EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
		F2FS_SUPER_MAGIC, TMPFS_MAGIC,	   HUGETLBFS_MAGIC
	};
	int fs;

	for (fs = 0; fs < CACHED_FS; fs++)
		if (magic == known[fs])
			return fs;
	k_skip("%s: no layout leases on its file system", k_dir);
}

void cached_begin(void)
{
	unsigned int major, minor;
	struct utsname uts;
	struct statfs s;

	if (uname(&uts) || sscanf(uts.release, "%u.%u", &major, &minor) != 2 ||
	    statfs(k_dir, &s))
		k_bail(k_dir);
	version = 100 * major + minor;
	cached_fs = which(s.f_type);
	cached_len = 4 * cached_unit;
	/* Where nothing is written back, the kernel allows written ones. */
	if (cached_fs >= CACHED_TMPFS)
		cached_access = K_WRITE;
	if (cached_fs == CACHED_HUGETLBFS) {
		cached_unit = HUGE_PAGE;
		cached_len = 2 * HUGE_PAGE;
		/* Also for pages that a memory region alone still has */
		k_sysctl("vm/nr_hugepages", 4 * HUGE_PAGES);
	}
	source = cached_file("source");
	memcpy(cached_source, source.path, sizeof(cached_source));
}

void cached_end(void)
{
	k_file_close(&source);
	if (cached_fs == CACHED_HUGETLBFS)
		k_sysctl("vm/nr_hugepages", HUGE_PAGES);
}

char cached_does(const struct cached_op *op)
{
	return version < op->since ? '-' : op->on[cached_fs];
}

struct k_file cached_file(const char *name)
{
	struct k_file file = k_file(name, cached_len, 's');

	if (fsync(file.fd))
		k_bail("fsync");
	return file;
}

struct ibv_mr *cached_mr(const struct k_file *file)
{
	struct ibv_mr *mr;
	int err;

	mr = k_reg(file->map, file->len, cached_access, &err);
	if (!mr)
		k_bail("ibv_reg_mr");
	return mr;
}

bool cached_coherent(const struct k_file *file, struct ibv_mr *mr, size_t at)
{
	static unsigned int n;
	char value[16], was[16], got[16] = "";
	int fd = open(file->path, O_RDWR), wc;
	struct stat st;
	char *map;

	if (fd < 0 || fstat(fd, &st) ||
	    (st.st_size < (off_t)file->len && ftruncate(fd, file->len)))
		k_bail(file->path);
	map = mmap(NULL, file->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		k_bail("mmap");
	snprintf(value, sizeof(value), "value %u", ++n);
	memcpy(was, map + at, sizeof(was));
	memcpy(map + at, value, sizeof(value));
	wc = k_rdma(IBV_WR_RDMA_READ, mr, file->map + at, got, sizeof(got));
	memcpy(map + at, was, sizeof(was));
	munmap(map, file->len);
	return !wc && !strcmp(value, got);
}

#define TRACING "/sys/kernel/tracing"

static void tell(const char *file, const char *what)
{
	int fd = open(file, O_WRONLY | O_TRUNC);

	if (fd < 0 || write(fd, what, strlen(what)) < 0 || close(fd))
		k_bail(file);
}

void cached_trace_wakeups(bool on)
{
	if (on && mount("tracefs", TRACING, "tracefs", 0, NULL) &&
	    errno != EBUSY)
		k_bail(TRACING);
	if (on)
		tell(TRACING "/trace", "");
	tell(TRACING "/events/sched/sched_waking/enable", on ? "1" : "0");
	if (!on)
		umount(TRACING);
}

/* "   comm-PID  [CPU] FLAGS time: sched_waking: comm=... pid=PID ..." */
bool cached_we_woke(pid_t pid)
{
	char line[512], by[32], whom[32], *flags;
	FILE *f = fopen(TRACING "/trace", "r");
	bool woke = false;

	if (!f)
		k_bail(TRACING "/trace");
	snprintf(by, sizeof(by), "-%d ", getpid());
	snprintf(whom, sizeof(whom), " pid=%d ", pid);
	while (fgets(line, sizeof(line), f)) {
		flags = strchr(line, ']');
		/* The third flag: not from an interrupt */
		woke |= flags && strstr(line, by) && strstr(line, whom) &&
			flags[4] == '.';
	}
	fclose(f);
	return woke;
}
