// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Who stands in the way of a lease: look through /proc/PID/fd. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/opener.h"

static bool has_open(int proc, const char *pid, dev_t dev, ino_t ino)
{
	struct dirent *entry;
	bool found = false;
	struct stat st;
	char path[64];
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%.20s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return false;
	}
	while (!found && (entry = readdir(dir)))
		found = !fstatat(fd, entry->d_name, &st, 0) &&
			st.st_dev == dev && st.st_ino == ino;
	closedir(dir);
	return found;
}

static void read_comm(int proc, const char *pid, char *ret_comm, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	ret_comm[0] = '\0';
	snprintf(path, sizeof(path), "%.20s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, ret_comm, size - 1);
	close(fd);
	ret_comm[n > 0 ? n : 0] = '\0';
	ret_comm[strcspn(ret_comm, "\n")] = '\0';
}

void opener_name(dev_t dev, ino_t ino, char *ret_text, size_t size)
{
	DIR *proc = opendir("/proc");
	bool is_open_here = false;
	struct dirent *entry;
	char comm[32];

	ret_text[0] = '\0';
	if (!proc)
		return;
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !has_open(dirfd(proc), entry->d_name, dev, ino))
			continue;
		if (atoi(entry->d_name) == getpid()) {
			is_open_here = true;
			continue;
		}
		read_comm(dirfd(proc), entry->d_name, comm, sizeof(comm));
		snprintf(ret_text, size, "process %s (%s)", entry->d_name,
			 comm);
		break;
	}
	closedir(proc);
	if (!ret_text[0] && is_open_here)
		snprintf(ret_text, size,
			 "this program itself by more than one open(2), or a process that it cannot see,");
}
