// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Find and open the file behind a mapping. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/scratch.h"
#include "base/sys.h"
#include "memory/backing.h"

/* Of descriptors that are tried one by one */
#define MAX_NUMBERS 65536

bool backing_is_file(int fd, const struct backing *backing)
{
	struct stat st;

	if (sys_fstat(fd, &st))
		return false;
	errno = ENOENT;
	return st.st_dev == backing->dev && st.st_ino == backing->ino;
}

/*
 * What maps shows of a file on btrfs is the device of the file system, which all
 * subvolumes share, and inode numbers repeat in these.  So only the mapping
 * itself tells which file it is.
 */
static bool is_mapped_on_btrfs(int fd, const struct backing *backing)
{
	struct statfs sfs;
	struct stat st;

	return backing->dev == backing->map_dev && major(backing->dev) == 0 &&
	       !sys_fstatfs(fd, &sfs) && sfs.f_type == BTRFS_SUPER_MAGIC &&
	       !sys_fstat(fd, &st) && st.st_ino == backing->ino;
}

/* A descriptor with O_PATH, or -1; @is_mapped: what is at the path is mapped */
static int open_if_same(const struct backing *backing, const char *path,
			int flags, bool is_mapped)
{
	int fd = sys_open(path, O_PATH | O_CLOEXEC | flags, 0);

	if (fd < 0 || backing_is_file(fd, backing) ||
	    (is_mapped && is_mapped_on_btrfs(fd, backing)))
		return fd;
	(void)sys_close(fd);
	return -1;
}

/* Needs CAP_CHECKPOINT_RESTORE (fs/proc/base.c:proc_map_files_get_link) */
static int find_in_map_files(const struct backing *backing)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)backing->start, (unsigned long)backing->end);
	return open_if_same(backing, path, 0, true);
}

int backing_for_each_descriptor(pid_t tid, bool (*fn)(int number, void *arg),
				void *arg)
{
	char path[sizeof("/proc/self/task//fd") + 3 * sizeof(tid)];
	bool is_found = false;
	ssize_t n, at;
	char *buffer;
	int dir;

	snprintf(path, sizeof(path), "/proc/self/task/%d/fd", tid);
	dir = sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (dir < 0)
		return errno;
	buffer = scratch_take();
	while (!is_found && buffer &&
	       (n = SYS_CALL(getdents64, dir, buffer, SCRATCH_SIZE)) > 0) {
		for (at = 0; at < n && !is_found;) {
			const struct dirent *entry = (void *)(buffer + at);

			at += entry->d_reclen;
			if (entry->d_name[0] != '.')
				is_found = fn(atoi(entry->d_name), arg);
		}
	}
	(void)sys_close(dir);
	scratch_give(buffer);
	return buffer ? 0 : ENOMEM;
}

struct find_args {
	const struct backing *backing;
	int fd;
};

/* A number may mean another file by now. */
static bool open_descriptor(int number, void *arg)
{
	struct find_args *args = arg;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%d",
		 args->backing->tid, number);
	args->fd = open_if_same(args->backing, path, 0, false);
	return args->fd >= 0;
}

/* A descriptor with O_PATH, or -1 */
static int find_in_descriptors(const struct backing *backing)
{
	struct find_args args = { .backing = backing, .fd = -1 };

	if (!backing->hint || !open_descriptor(*backing->hint, &args))
		(void)backing_for_each_descriptor(backing->tid,
						  open_descriptor, &args);
	return args.fd;
}

/* To the kernel those with O_PATH are none when it comes to leases. */
static bool is_descriptor(int number, void *arg)
{
	struct find_args *args = arg;
	int flags = sys_fcntl(number, F_GETFL, 0);

	if (flags < 0 || flags & O_PATH || !backing_is_file(number, args->backing))
		return false;
	args->fd = number;
	return true;
}

/* Without a number to spare, or without /proc */
static void try_all_numbers(struct find_args *args)
{
	struct rlimit limit;
	int number;

	if (SYS_CALL(prlimit64, 0, RLIMIT_NOFILE, NULL, &limit))
		return;
	for (number = 0; number < MAX_NUMBERS && args->fd < 0 &&
			 (rlim_t)number < limit.rlim_cur;
	     number++)
		(void)is_descriptor(number, args);
}

int backing_find_descriptor(const struct backing *backing)
{
	struct find_args args = { .backing = backing, .fd = -1 };

	if (backing->hint && is_descriptor(*backing->hint, &args))
		return args.fd;
	if (backing_for_each_descriptor(sys_gettid(), is_descriptor, &args))
		try_all_numbers(&args);
	return args.fd;
}

int backing_reopen(int old_fd, int flags, int *ret_fd)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", old_fd);
	fd = sys_open(path, flags | O_CLOEXEC | O_NOCTTY, 0);
	if (fd < 0)
		return errno;
	*ret_fd = fd;
	return 0;
}

/* EPERM, ENOSYS: of a sandbox */
static bool is_no_matter_of_the_file(int error)
{
	return error == EMFILE || error == ENFILE || error == EPERM ||
	       error == ENOSYS;
}

int backing_open(const struct backing *backing, int flags, int *ret_fd)
{
	int fd, r;

	fd = open_if_same(backing, backing->path, O_NOFOLLOW, false);
	if (fd < 0 && is_no_matter_of_the_file(errno))
		return errno;
	if (fd < 0)
		fd = find_in_map_files(backing);
	if (fd < 0)
		fd = find_in_descriptors(backing);
	if (fd < 0)
		return ENOENT;

	if (flags & O_PATH) {
		*ret_fd = fd;
		return 0;
	}
	r = backing_reopen(fd, flags, ret_fd);
	(void)sys_close(fd);
	return r;
}

int backing_open_given(const struct backing *backing, int given_fd, int flags,
		       int *ret_fd)
{
	if (given_fd < 0)
		return backing_open(backing, flags, ret_fd);
	if (!backing_is_file(given_fd, backing))
		return ENOENT;
	return backing_reopen(given_fd, flags, ret_fd);
}
