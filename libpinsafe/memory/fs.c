// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* File systems by their numbers: the only table of them */
#include <errno.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/sys_lines.h"
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

int fs_disk_has(dev_t dev, const char *attribute, bool *ret_is_set)
{
	static const char *const queues[] = { "queue", "../queue" };
	char path[128], value[8];
	int i, r = ENOENT;

	for (i = 0; i < 2 && r == ENOENT; i++) {
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/%s",
			 major(dev), minor(dev), queues[i], attribute);
		r = sys_read_line(path, value, sizeof(value));
	}
	if (r || !value[0])
		return r ?: EIO;
	*ret_is_set = value[0] == '1';
	return 0;
}

static bool begins_with_one_of(const char *text, const char *const *names)
{
	while (*names && strncmp(text, *names, strlen(*names)))
		names++;
	return *names;
}

bool fs_is_unnamed_memory(dev_t dev, const char *path)
{
	static const char *const names[] = { "/memfd:", "/dev/shm/",
					     "/dev/hugepages/", NULL };

	return !major(dev) && begins_with_one_of(path, names);
}

bool fs_is_no_file(dev_t dev, const char *path)
{
	static const char *const names[] = { "/dev/zero (deleted)", "/SYSV",
					     "/anon_hugepage", NULL };

	return !major(dev) && begins_with_one_of(path, names);
}

/*
 * Memory that has a file, but no blocks.  An unlinked file of which nobody has
 * a descriptor cannot be asked; its file system can, by the device number in
 * /proc/PID/mountinfo.  Of one that is not mounted here at least huge pages
 * show in /proc/PID/smaps, which only hugetlbfs has (proc_pid_smaps(5)).
 */

/* "36 35 98:0 /root /mnt options - type source options" */
static int is_memory_mount(const char *line, void *arg)
{
	static const char *const types[] = { "tmpfs ", "devtmpfs ", "ramfs ",
					     "hugetlbfs ", NULL };
	const dev_t *dev = arg;
	unsigned int major, minor;
	const char *type = strstr(line, " - ");

	if (!type || sscanf(line, "%*d %*d %u:%u", &major, &minor) != 2 ||
	    makedev(major, minor) != *dev)
		return -1;
	return begins_with_one_of(type + strlen(" - "), types);
}

struct page_size_args {
	uintptr_t start;
	bool is_there;
};

static int has_huge_pages(const char *line, void *arg)
{
	struct page_size_args *args = arg;
	unsigned long start, end, kib;

	if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
		if (args->is_there)
			return 0;
		args->is_there = start == args->start;
		return -1;
	}
	if (!args->is_there || sscanf(line, "KernelPageSize: %lu", &kib) != 1)
		return -1;
	return kib * 1024 > (unsigned long)sysconf(_SC_PAGESIZE);
}

bool memory_fs_has(dev_t dev, uintptr_t start)
{
	struct page_size_args args = { .start = start };

	return sys_lines_find("/proc/thread-self/mountinfo", is_memory_mount,
			      &dev) > 0 ||
	       sys_lines_find("/proc/thread-self/smaps", has_huge_pages,
			      &args) > 0;
}
