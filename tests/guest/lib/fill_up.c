// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Fill a file system up.  Both file systems keep some thousand blocks back
 * for their own needs, which ordinary allocations get while there is nothing
 * else in reach: a file that is to be given certain freed blocks may then be
 * given others.  So the reserve goes first.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files.h"
#include "t.h"

#define CHUNK (64 << 10)
#define XFS_RESERVE 256 /* blocks */

/* <xfs/xfs_fs.h>, which needs a package of its own */
struct resblks {
	uint64_t resblks;
	uint64_t resblks_avail;
};
#define SET_RESBLKS _IOWR('X', 114, struct resblks)

static void ext4_drop_reserve(int fd)
{
	char link[64], device[PATH_MAX], path[PATH_MAX];
	struct stat st;
	ssize_t n;
	int attr;

	if (fstat(fd, &st))
		t_bail("fstat");
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(st.st_dev),
		 minor(st.st_dev));
	n = readlink(link, device, sizeof(device) - 1);
	if (n < 0)
		t_bail("%s", link);
	device[n] = '\0';
	snprintf(path, sizeof(path), "/sys/fs/ext4/%.64s/reserved_clusters",
		 basename(device));
	attr = open(path, O_WRONLY | O_CLOEXEC);
	if (attr < 0 || write(attr, "0", 1) != 1)
		t_bail("%s", path);
	close(attr);
}

static void xfs_drop_reserve(int fd)
{
	struct resblks res = {.resblks = XFS_RESERVE};

	if (ioctl(fd, SET_RESBLKS, &res))
		t_bail("XFS_IOC_SET_RESBLKS");
}

void files_fill_up(const char *dir, const char *name, uint64_t leave)
{
	char path[FILES_PATH_MAX];
	struct statfs fs;
	uint64_t size = 0, chunk;
	int fd;

	files_path(path, dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		t_bail("creating %s", path);
	if (fstatfs(fd, &fs))
		t_bail("statfs %s", dir);
	if (fs.f_type == EXT4_SUPER_MAGIC)
		ext4_drop_reserve(fd);
	else if (fs.f_type == XFS_SUPER_MAGIC)
		xfs_drop_reserve(fd);
	/* f_bfree counts blocks of the file system's own: try, then halve */
	for (chunk = (uint64_t)fs.f_bfree * fs.f_bsize; chunk >= CHUNK;) {
		chunk &= -(uint64_t)CHUNK;
		if (!fallocate(fd, 0, size, chunk)) {
			size += chunk;
			continue;
		}
		if (errno != ENOSPC)
			t_bail("filling up %s", dir);
		chunk /= 2;
	}
	if (size < leave)
		t_bail("%s is too small", dir);
	if (ftruncate(fd, size - leave))
		t_bail("truncating %s", path);
	/* Blocks freed here must be free before the test frees its own */
	if (syncfs(fd))
		t_bail("syncfs %s", dir);
	close(fd);
}
