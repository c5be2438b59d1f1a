// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See kernel-operations.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel-operations.h"

int k_done(long ret)
{
	return ret < 0 ? errno : 0;
}

int k_to_zero(const char *path)
{
	return k_done(truncate(path, 0));
}

int k_open_trunc(const char *path)
{
	return k_done(open(path, O_RDWR | O_TRUNC));
}

int k_falloc(const char *path, int mode, off_t offset, off_t len)
{
	return k_done(fallocate(open(path, O_RDWR), mode, offset, len));
}

int k_madv_remove(const char *path, off_t offset, size_t len)
{
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED,
			 open(path, O_RDWR), offset);

	return map == MAP_FAILED ? errno : k_done(madvise(map, len, MADV_REMOVE));
}

int k_swap_boot(const char *path)
{
	return k_done(ioctl(open(path, O_RDWR), _IO('f', 17)));
}

int k_swap_extents(const char *path, size_t len)
{
	struct {	/* struct xfs_swapext, as far as it matters */
		int64_t version, target, tmp, offset, length, pad[2];
		int64_t unused1[7];
		struct timespec mtime, ctime;
		int64_t unused2[6];
	} x = { .length = len };
	struct stat st;
	char donor[300];
	int fd = open(path, O_RDWR);

	snprintf(donor, sizeof(donor), "%s.donor", path);
	x.target = fd;
	x.tmp = open(donor, O_RDWR | O_CREAT, 0644);
	unlink(donor);
	if (fstat(fd, &st) || fallocate(x.tmp, 0, 0, len) || fsync(fd))
		return errno;
	x.mtime = st.st_mtim;
	x.ctime = st.st_ctim;
	return k_done(ioctl(fd, _IOWR('X', 109, x), &x));
}
