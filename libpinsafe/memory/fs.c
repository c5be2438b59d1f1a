// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* File systems by their numbers: the only table of them */
#include <linux/magic.h>
#include <stddef.h>

#include "memory/fs.h"

#define CIFS_MAGIC 0xff534d42
#define CEPH_MAGIC 0x00c36400

enum { IS_MEMORY = 1, HAS_MODULE = 2 };

static const struct {
	unsigned long magic;
	const char *name;
	unsigned int is;
} file_systems[] = {
	{ EXT4_SUPER_MAGIC, "ext4", HAS_MODULE },
	{ XFS_SUPER_MAGIC, "xfs", HAS_MODULE },
	{ BTRFS_SUPER_MAGIC, "btrfs", HAS_MODULE },
	{ F2FS_SUPER_MAGIC, "f2fs", HAS_MODULE },
	{ TMPFS_MAGIC, "tmpfs", HAS_MODULE | IS_MEMORY },
	{ RAMFS_MAGIC, "ramfs", IS_MEMORY },
	{ HUGETLBFS_MAGIC, "hugetlbfs", HAS_MODULE | IS_MEMORY },
	{ OVERLAYFS_SUPER_MAGIC, "overlayfs", 0 },
	{ FUSE_SUPER_MAGIC, "fuse", 0 },
	{ NFS_SUPER_MAGIC, "nfs", 0 },
	{ V9FS_MAGIC, "9p", 0 },
	{ CIFS_MAGIC, "cifs", 0 },
	{ SMB2_SUPER_MAGIC, "smb3", 0 },
	{ CEPH_MAGIC, "ceph", 0 },
	{ MSDOS_SUPER_MAGIC, "vfat", 0 },
};

#define N_FILE_SYSTEMS (sizeof(file_systems) / sizeof(file_systems[0]))

static size_t find(unsigned long magic)
{
	size_t i;

	for (i = 0; i < N_FILE_SYSTEMS; i++)
		if (file_systems[i].magic == magic)
			break;
	return i;
}

static bool is(unsigned long magic, unsigned int what)
{
	size_t i = find(magic);

	return i < N_FILE_SYSTEMS && file_systems[i].is & what;
}

const char *fs_name(unsigned long magic, const char *otherwise)
{
	size_t i = find(magic);

	return i < N_FILE_SYSTEMS ? file_systems[i].name : otherwise;
}

bool fs_is_memory(unsigned long magic)
{
	return is(magic, IS_MEMORY);
}

bool fs_has_module(unsigned long magic)
{
	return is(magic, HAS_MODULE);
}
