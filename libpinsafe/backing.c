// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Find and open the file behind a mapping. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backing.h"

/* A descriptor with O_PATH, or -1 */
static int open_if_same(const struct backing *backing, const char *path,
			int flags)
{
	struct stat st;
	int fd;

	fd = open(path, O_PATH | O_CLOEXEC | flags);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_dev == backing->dev &&
	    st.st_ino == backing->ino)
		return fd;
	close(fd);
	errno = ENOENT;
	return -1;
}

/* Needs CAP_CHECKPOINT_RESTORE (fs/proc/base.c:proc_map_files_get_link) */
static int find_in_map_files(const struct backing *backing)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)backing->start, (unsigned long)backing->end);
	return open_if_same(backing, path, 0);
}

int backing_for_each_descriptor(const struct backing *backing,
				int (*fn)(int fd, void *arg), void *arg)
{
	char path[sizeof("/proc/self/task//fd") + 3 * sizeof(pid_t)];
	struct dirent *entry;
	int r = ENOENT;
	struct stat st;
	DIR *dir;

	if (backing->hint && !fn(*backing->hint, arg))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/task/%d/fd", backing->tid);
	dir = opendir(path);
	if (!dir)
		return errno;
	while (r && (entry = readdir(dir)))
		if (!fstatat(dirfd(dir), entry->d_name, &st, 0) &&
		    st.st_dev == backing->dev && st.st_ino == backing->ino)
			r = fn(atoi(entry->d_name), arg);
	closedir(dir);
	return r;
}

struct find_args {
	const struct backing *backing;
	int fd;
};

/* A hint may be wrong, and a number may mean another file by now. */
static int open_descriptor(int number, void *arg)
{
	struct find_args *args = arg;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%d",
		 args->backing->tid, number);
	args->fd = open_if_same(args->backing, path, 0);
	return args->fd < 0 ? errno : 0;
}

/* A descriptor with O_PATH, or -1 */
static int find_in_descriptors(const struct backing *backing)
{
	struct find_args args = { .backing = backing, .fd = -1 };

	if (backing_for_each_descriptor(backing, open_descriptor, &args))
		return -1;
	return args.fd;
}

static int reopen(int path_fd, int flags, int *ret_fd)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", path_fd);
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno;
	*ret_fd = fd;
	return 0;
}

int backing_open(const struct backing *backing, int flags, int *ret_fd)
{
	int fd, r;

	fd = open_if_same(backing, backing->path, O_NOFOLLOW);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
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
	r = reopen(fd, flags, ret_fd);
	close(fd);
	return r;
}
