// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which pages of a process are present; many at a time, for most are not */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "pagemap.h"

/* 16 MiB of addresses; larger blocks are not faster. */
#define BLOCK_PAGES 4096
#define ENTRY_IS_PRESENT (1ULL << 63)
#define GIB (1ULL << 30)

int pagemap_open(pid_t pid, uint64_t total, struct pagemap *ret_pagemap)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ESRCH : errno;
	*ret_pagemap = (struct pagemap){
		.pid = pid,
		.fd = fd,
		.page_size = sysconf(_SC_PAGESIZE),
		.total = total,
		.began_ns = clock_now_ns(),
		.tell_ns = NSEC_PER_SEC,
	};
	return 0;
}

void pagemap_close(struct pagemap *pagemap)
{
	close(pagemap->fd);
}

/* After 1, 2, 4, 8 ... seconds */
static void tell_progress(struct pagemap *pagemap)
{
	if (clock_now_ns() - pagemap->began_ns < pagemap->tell_ns)
		return;
	pagemap->tell_ns *= 2;
	fprintf(stderr,
		"ibv_pinsafe_devinfo: looking for memory regions in process %d: %llu of %llu GiB done\n",
		pagemap->pid, pagemap->done / GIB,
		(pagemap->total + GIB - 1) / GIB);
}

/* The runs among @n pages from @start on */
static int visit_block(const struct pagemap *pagemap, uintptr_t start, size_t n,
		       int (*fn)(void *arg, uintptr_t start, uintptr_t end),
		       void *arg)
{
	uint64_t entries[BLOCK_PAGES];
	size_t i, first, page = pagemap->page_size;
	ssize_t size;
	int r = 0;

	size = pread(pagemap->fd, entries, n * sizeof(*entries),
		     start / page * sizeof(*entries));
	/* 0: the process has ended */
	if (size <= 0)
		return size ? errno : ESRCH;
	n = size / sizeof(*entries);
	for (i = 0; i < n && !r; i++) {
		for (first = i; i < n && entries[i] & ENTRY_IS_PRESENT;)
			i++;
		if (i > first)
			r = fn(arg, start + first * page, start + i * page);
	}
	return r;
}

int pagemap_visit(struct pagemap *pagemap, const struct proc_map *map,
		  int (*fn)(void *arg, uintptr_t start, uintptr_t end),
		  void *arg)
{
	uint64_t done_before = pagemap->done;
	uintptr_t at = map->start;
	bool is_last = false;
	size_t n;
	int r = 0;

	while (!is_last && !r) {
		n = (map->end - at) / pagemap->page_size;
		is_last = n <= BLOCK_PAGES;
		r = visit_block(pagemap, at, is_last ? n : BLOCK_PAGES, fn, arg);
		at += (BLOCK_PAGES - 1) * pagemap->page_size;
		pagemap->done = done_before +
				(is_last ? map->end : at) - map->start;
		tell_progress(pagemap);
	}
	return r;
}
