// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Who stands in the way of a lease: look through /proc/PID/fd. */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys_lines.h"
#include "memory/backing.h"

static bool has_open(const char *pid, dev_t dev, ino_t ino)
{
	struct dirent *entry;
	bool found = false;
	struct stat st;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = !fstatat(dirfd(dir), entry->d_name, &st, 0) &&
			st.st_dev == dev && st.st_ino == ino;
	closedir(dir);
	return found;
}

void opener_name(dev_t dev, ino_t ino, char *ret_text, size_t size)
{
	DIR *proc = opendir("/proc");
	bool is_open_here = false;
	struct dirent *entry;
	char path[64], comm[32];

	ret_text[0] = '\0';
	if (!proc)
		return;
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !has_open(entry->d_name, dev, ino))
			continue;
		if (atoi(entry->d_name) == getpid()) {
			is_open_here = true;
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		(void)sys_read_line(path, comm, sizeof(comm));
		snprintf(ret_text, size, "process %s (%s)", entry->d_name,
			 comm);
		break;
	}
	closedir(proc);
	if (!ret_text[0] && is_open_here)
		snprintf(ret_text, size,
			 "this program itself by more than one open(2), or a process that it cannot see,");
}
