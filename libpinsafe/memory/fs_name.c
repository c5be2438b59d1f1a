// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <linux/magic.h>
#include <stddef.h>

#include "memory/fs_name.h"

static const struct {
	unsigned long magic;
	const char *name;
} file_systems[] = {
	{ EXT4_SUPER_MAGIC, "ext4" },
	{ XFS_SUPER_MAGIC, "xfs" },
	{ BTRFS_SUPER_MAGIC, "btrfs" },
	{ F2FS_SUPER_MAGIC, "f2fs" },
	{ TMPFS_MAGIC, "tmpfs" },
	{ HUGETLBFS_MAGIC, "hugetlbfs" },
	{ OVERLAYFS_SUPER_MAGIC, "overlayfs" },
	{ FUSE_SUPER_MAGIC, "fuse" },
	{ NFS_SUPER_MAGIC, "nfs" },
	{ V9FS_MAGIC, "9p" },
};

const char *fs_name(unsigned long magic)
{
	size_t i;

	for (i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++)
		if (file_systems[i].magic == magic)
			return file_systems[i].name;
	return "an unknown file system";
}
