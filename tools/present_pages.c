// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which pages of a process are there, so that no others are read. */
#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "present_pages.h"

#define ENTRY_IS_PRESENT (1ULL << 63) /* in /proc/PID/pagemap */
/* Reservations for AddressSanitizer and the like, if they must be read whole */
#define MAX_MAPPING (1ULL << 40)

/* PAGEMAP_SCAN (Linux 6.7), which older headers do not have */
struct mapped_pages {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

struct pagemap_scan {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t vec;
	uint64_t vec_len;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

#define PAGEMAP_SCAN_IOCTL _IOWR('f', 16, struct pagemap_scan)
#define CATEGORY_PRESENT (1ULL << 3)
#define N_REGIONS 64
#define N_ENTRIES 256

/* ENOTTY on kernels that do not know it */
static int by_ioctl(int pagemap, const struct proc_map *map, present_fn *fn,
		    void *arg)
{
	struct mapped_pages regions[N_REGIONS];
	struct pagemap_scan scan = {
		.size = sizeof(scan),
		.start = map->start,
		.end = map->end,
		.vec = (uintptr_t)regions,
		.vec_len = N_REGIONS,
		.category_mask = CATEGORY_PRESENT,
		.return_mask = CATEGORY_PRESENT,
	};
	int i, n, r;

	while (scan.start < scan.end) {
		n = ioctl(pagemap, PAGEMAP_SCAN_IOCTL, &scan);
		if (n < 0)
			return errno;
		for (i = 0; i < n; i++) {
			r = fn(regions[i].start, regions[i].end, arg);
			if (r)
				return r;
		}
		scan.start = scan.walk_end;
	}
	return 0;
}

static int by_entries(int pagemap, const struct proc_map *map, present_fn *fn,
		      void *arg)
{
	uint64_t entries[N_ENTRIES], at = map->start, first = 0;
	bool was_present = false, is_present;
	size_t page_size = sysconf(_SC_PAGESIZE);
	ssize_t size, i;
	int r;

	if (map->end - map->start > MAX_MAPPING)
		return 0;
	while (at < map->end) {
		size = (map->end - at) / page_size * sizeof(*entries);
		if (size > sizeof(entries))
			size = sizeof(entries);
		size = pread(pagemap, entries, size,
			     at / page_size * sizeof(*entries));
		/* 0: the process has ended */
		if (size <= 0)
			return size ? errno : ESRCH;
		for (i = 0; i < size / sizeof(*entries); i++) {
			is_present = entries[i] & ENTRY_IS_PRESENT;
			if (is_present && !was_present)
				first = at;
			r = was_present && !is_present
				    ? fn(first, at, arg)
				    : 0;
			if (r)
				return r;
			was_present = is_present;
			at += page_size;
		}
	}
	return was_present ? fn(first, at, arg) : 0;
}

int present_pages(int pagemap, const struct proc_map *map, present_fn *fn,
		  void *arg)
{
	int r = by_ioctl(pagemap, map, fn, arg);

	return r == ENOTTY ? by_entries(pagemap, map, fn, arg) : r;
}
