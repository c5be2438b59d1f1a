// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See kernel-share.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel-share.h"

void k_need_reflink(void)
{
	struct k_file file = k_file("probe", 4096, 'p');
	struct k_file clone = k_file("probe2", 4096, 'q');
	int err = k_clone(file.fd, clone.fd, 0, 0);

	k_file_close(&clone);
	k_file_close(&file);
	if (err)
		k_skip("%s: no reflink (%s), this test is for xfs with it",
		       k_dir, k_err(err));
}

int k_clone(int from, int into, off_t offset, size_t len)
{
	struct file_clone_range range = {
		.src_fd = from,
		.src_offset = offset,
		.src_length = len,
		.dest_offset = offset,
	};

	return ioctl(into, FICLONERANGE, &range) ? errno : 0;
}

int k_dedupe(int from, int into, off_t offset, size_t len)
{
	char buf[sizeof(struct file_dedupe_range) +
		 sizeof(struct file_dedupe_range_info)] = {};
	struct file_dedupe_range *range = (void *)buf;

	range->src_offset = offset;
	range->src_length = len;
	range->dest_count = 1;
	range->info[0].dest_fd = into;
	range->info[0].dest_offset = offset;
	if (ioctl(from, FIDEDUPERANGE, range))
		return errno;
	return range->info[0].status < 0 ? -range->info[0].status : 0;
}

int k_unshare(int fd, off_t offset, size_t len)
{
	struct stat st;

	/* The inode stays one of copy-on-write as long as it has dirty pages. */
	if (fstat(fd, &st) || syncfs(fd))
		k_bail("syncfs");
	return fallocate(fd, FALLOC_FL_UNSHARE_RANGE, offset,
			 len ? (off_t)len : st.st_size)
		       ? errno
		       : 0;
}

bool k_is_shared(int fd)
{
	enum { N = 64 };
	struct fiemap *map =
		calloc(1, sizeof(*map) + N * sizeof(struct fiemap_extent));
	bool shared = false;
	unsigned int i;

	map->fm_length = FIEMAP_MAX_OFFSET;
	map->fm_extent_count = N;
	map->fm_flags = FIEMAP_FLAG_SYNC;
	if (ioctl(fd, FS_IOC_FIEMAP, map))
		k_bail("FIEMAP");
	for (i = 0; i < map->fm_mapped_extents; i++)
		shared |= map->fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED;
	free(map);
	return shared;
}
