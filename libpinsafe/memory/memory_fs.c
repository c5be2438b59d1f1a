// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Memory that has a file, but no blocks.  An unlinked file of which nobody has
 * a descriptor cannot be asked; its file system can, by the device number in
 * /proc/PID/mountinfo.  Of one that is not mounted here at least huge pages
 * show in /proc/PID/smaps, which only hugetlbfs has (proc_pid_smaps(5)).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/sys_lines.h"
#include "memory/fs.h"

/* "36 35 98:0 /root /mnt options - type source options" */
static int is_memory_mount(const char *line, void *arg)
{
	static const char *const types[] = { "tmpfs ", "devtmpfs ", "ramfs ",
					     "hugetlbfs ", NULL };
	const dev_t *dev = arg;
	unsigned int major, minor;
	const char *type;
	size_t i;

	type = strstr(line, " - ");
	if (!type || sscanf(line, "%*d %*d %u:%u", &major, &minor) != 2 ||
	    makedev(major, minor) != *dev)
		return -1;
	type += strlen(" - ");
	for (i = 0; types[i]; i++)
		if (!strncmp(type, types[i], strlen(types[i])))
			return 1;
	return 0;
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
