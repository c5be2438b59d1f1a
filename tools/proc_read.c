// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Read the files of /proc, line by line. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys_lines.h"
#include "memory/vma.h"
#include "proc_read.h"

/* Of private memory, from where on it is worth to know whether any is there */
#define LARGE_MAPPING (1ULL << 36)

/* Call @fn for each line until it says other than 0, and return that. */
static int for_each_line(const char *path,
			 int (*fn)(const char *line, void *arg), void *arg)
{
	struct sys_lines lines;
	const char *line;
	int r;

	r = sys_lines_open(&lines, path);
	if (r)
		return r == ENOENT ? ESRCH : r;
	while (!r && (line = sys_lines_next(&lines)))
		r = fn(line, arg);
	r = r ?: errno;
	sys_lines_close(&lines);
	return r;
}

static int add_map(const struct vma *vma, struct proc_maps *maps)
{
	struct proc_map *map;

	map = reallocarray(maps->maps, maps->n + 1, sizeof(*map));
	if (!map)
		return ENOMEM;
	maps->maps = map;
	map += maps->n;
	*map = (struct proc_map){
		.start = vma->start,
		.end = vma->end,
		.offset = vma->offset,
		.dev = vma->dev,
		.ino = vma->ino,
		.readable = vma->readable,
		.writable = vma->writable,
		.shared = vma->shared,
		.has_pages = true,
		.path = strdup(vma->path),
	};
	if (!map->path)
		return ENOMEM;
	maps->n++;
	return 0;
}

/* What smaps says of a mapping; huge pages of hugetlbfs are no part of "Rss". */
static void note_detail(const char *line, struct proc_map *map)
{
	unsigned long kib;

	if (sscanf(line, "Rss: %lu", &kib) == 1)
		map->has_pages = kib;
	else if (sscanf(line, "Private_Hugetlb: %lu", &kib) == 1)
		map->has_pages |= kib;
	else if (!strncmp(line, "VmFlags:", strlen("VmFlags:")))
		map->is_not_dumped = strstr(line, " dd");
}

static int add_line(const char *line, void *arg)
{
	/* Large, because of its path; this tool has one thread. */
	static struct vma vma;
	struct proc_maps *maps = arg;
	int r;

	r = vma_parse(line, &vma);
	if (!r)
		return add_map(&vma, maps);
	if (!maps->n)
		return r;
	note_detail(line, &maps->maps[maps->n - 1]);
	return 0;
}

static int read_maps(pid_t pid, const char *name, struct proc_maps *ret_maps)
{
	struct proc_maps maps = {0};
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	r = for_each_line(path, add_line, &maps);
	/* A process that has ended, and is not reaped yet, has none. */
	if (!r && !maps.n)
		r = ESRCH;
	if (r)
		proc_maps_put(&maps);
	else
		*ret_maps = maps;
	return r;
}

static bool has_large(const struct proc_maps *maps)
{
	const struct proc_map *map = maps->maps;
	size_t i;

	for (i = 0; i < maps->n; i++, map++)
		if (!map->shared && map->writable &&
		    map->end - map->start >= LARGE_MAPPING)
			return true;
	return false;
}

int proc_read_maps(pid_t pid, struct proc_maps *ret_maps)
{
	struct proc_maps maps, detailed;
	int r = read_maps(pid, "maps", &maps);

	if (r)
		return r;
	/* The kernel looks at all pages for it; some kernels have none. */
	if (has_large(&maps) && !read_maps(pid, "smaps", &detailed)) {
		proc_maps_put(&maps);
		maps = detailed;
	}
	*ret_maps = maps;
	return 0;
}

void proc_maps_put(struct proc_maps *maps)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		free(maps->maps[i].path);
	free(maps->maps);
	memset(maps, 0, sizeof(*maps));
}

static int add_lease(const char *line, void *arg)
{
	struct proc_leases *leases = arg;
	struct proc_lease lease, *more;

	if (proc_parse_lease(line, &lease))
		return 0;
	more = reallocarray(leases->leases, leases->n + 1, sizeof(*more));
	if (!more)
		return ENOMEM;
	leases->leases = more;
	more[leases->n++] = lease;
	return 0;
}

static int add_lock_line(const char *line, void *arg)
{
	return strncmp(line, "lock:", strlen("lock:")) ? 0
						       : add_lease(line, arg);
}

int proc_read_leases(struct proc_leases *ret_leases)
{
	struct proc_leases leases = {0};
	int r;

	r = for_each_line("/proc/locks", add_lease, &leases);
	if (r)
		proc_leases_put(&leases);
	else
		*ret_leases = leases;
	return r;
}

int proc_add_fd_leases(pid_t pid, pid_t tid, struct proc_leases *leases)
{
	struct dirent *entry;
	char path[320];
	int n, r = 0;
	DIR *dir;

	n = snprintf(path, sizeof(path), "/proc/%d/task/%d/fdinfo", pid, tid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? ESRCH : errno;
	while (r != ENOMEM && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path + n, sizeof(path) - n, "/%s", entry->d_name);
		/* A descriptor may be closed by now. */
		r = for_each_line(path, add_lock_line, leases);
	}
	closedir(dir);
	return r == ENOMEM ? r : 0;
}

void proc_leases_put(struct proc_leases *leases)
{
	free(leases->leases);
	memset(leases, 0, sizeof(*leases));
}

static void read_comm(const char *path, char command[COMMAND_MAX])
{
	if (sys_read_line(path, command, COMMAND_MAX) || !command[0])
		strcpy(command, "?");
}

int proc_find_thread(pid_t pid, const char *name, pid_t *ret_tid)
{
	char path[320], command[COMMAND_MAX];
	struct dirent *entry;
	int n, r = ENOENT;
	DIR *dir;

	n = snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return ESRCH;
	while (r && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path + n, sizeof(path) - n, "/%s/comm", entry->d_name);
		read_comm(path, command);
		if (!strcmp(command, name)) {
			*ret_tid = atoi(entry->d_name);
			r = 0;
		}
	}
	closedir(dir);
	return r;
}

static int find_tgid(const char *line, void *arg)
{
	return proc_parse_tgid(line, arg) ? -1 : 0;
}

pid_t proc_process_of(pid_t tid)
{
	char path[64];
	pid_t pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	(void)sys_lines_find(path, find_tgid, &pid);
	return pid;
}

void proc_command(pid_t pid, char command[COMMAND_MAX])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	read_comm(path, command);
}
