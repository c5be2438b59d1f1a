// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which kind of file it is.  Nothing is opened but with O_PATH, so that
 * nobody's lease is broken by looking. */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "file_facts.h"
#include "memory/fs.h"

#ifndef STATX_ATTR_DAX
#define STATX_ATTR_DAX 0x00200000
#endif

const char *file_kind_name(enum file_kind kind)
{
	static const char *const names[] = {
		[FILE_NONE] = "anonymous",	  [FILE_FSDAX] = "fsdax",
		[FILE_PAGE_CACHE] = "page-cache", [FILE_MEMORY] = "memory",
		[FILE_DEVICE] = "device",	  [FILE_UNKNOWN] = "unknown",
	};

	return names[kind];
}

int file_facts_of_fd(int fd, struct file_facts *ret_facts)
{
	struct file_facts facts = {0};
	struct statx stx;
	struct statfs sfs;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) ||
	    fstatfs(fd, &sfs))
		return errno;
	facts.dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	facts.ino = stx.stx_ino;
	facts.mode = stx.stx_mode;
	facts.uid = stx.stx_uid;
	facts.size = stx.stx_size;
	facts.block_size = sfs.f_bsize;
	facts.fs_magic = sfs.f_type;
	facts.fs_name = fs_name(sfs.f_type, "unknown");
	if (!S_ISREG(stx.stx_mode))
		facts.kind = FILE_DEVICE;
	else if (fs_is_memory(sfs.f_type))
		facts.kind = FILE_MEMORY;
	else if (stx.stx_attributes & STATX_ATTR_DAX)
		facts.kind = FILE_FSDAX;
	else
		facts.kind = FILE_PAGE_CACHE;
	*ret_facts = facts;
	return 0;
}

int file_facts_of_path(const char *path, int flags,
		       struct file_facts *ret_facts)
{
	int fd, r;

	fd = open(path, O_PATH | O_CLOEXEC | flags);
	if (fd < 0)
		return errno;
	r = file_facts_of_fd(fd, ret_facts);
	close(fd);
	return r;
}

/* Is that the file which is mapped? */
static bool look_at(const char *path, int flags, const struct proc_map *map,
		    struct file_facts *ret_facts)
{
	struct file_facts facts;

	if (file_facts_of_path(path, flags, &facts) || facts.ino != map->ino)
		return false;
	/* stat's device is not that of maps on btrfs, as is overlayfs's */
	if (facts.dev != map->dev && strcmp(facts.fs_name, "btrfs") &&
	    strcmp(facts.fs_name, "overlayfs"))
		return false;
	*ret_facts = facts;
	return true;
}

void file_facts_of_map(pid_t pid, const struct proc_map *map,
		       struct file_facts *ret_facts)
{
	struct file_facts facts = {.fs_name = "unknown"};
	char link[64], path[64 + 4096];

	if (!map->shared || !map->ino) {
		*ret_facts = (struct file_facts){.fs_name = ""};
		return;
	}
	snprintf(link, sizeof(link), "/proc/%d/map_files/%lx-%lx", pid,
		 (unsigned long)map->start, (unsigned long)map->end);
	snprintf(path, sizeof(path), "/proc/%d/root%s", pid, map->path);
	/* Another user's root cannot be passed, but it is ours as a rule. */
	if (!look_at(link, 0, map, &facts) &&
	    !look_at(path, O_NOFOLLOW, map, &facts) &&
	    !look_at(map->path, O_NOFOLLOW, map, &facts))
		facts.kind = fs_is_no_file(map->dev, map->path) ||
				fs_is_unnamed_memory(map->dev, map->path)
					? FILE_MEMORY
					: FILE_UNKNOWN;
	*ret_facts = facts;
}
