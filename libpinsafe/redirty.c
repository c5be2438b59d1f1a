// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a device writes does not make a page dirty.  Once the file system has
 * written a page back, it takes it for clean and leaves out what the device
 * writes after that, whatever fsync(2) says.  A populating write fault makes
 * it dirty again, by way of the file system's page_mkwrite; pages that still
 * are dirty cost next to nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "redirty.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int populate(uintptr_t start, uintptr_t end)
{
	uintptr_t mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	start &= mask;
	end = (end + ~mask) & mask;
	while (madvise((void *)start, end - start, MADV_POPULATE_WRITE))
		if (errno != EINTR)
			return errno;
	return 0;
}

void redirty(const struct mr_range *ranges, size_t n_ranges)
{
	size_t i;
	int r;

	for (i = 0; i < n_ranges; i++) {
		r = populate(ranges[i].start, ranges[i].end);
		/* Unmapped, made read-only or truncated: nothing to write. */
		if (!r || r == ENOMEM || r == EINVAL || r == EFAULT)
			continue;
		log_error(
			"redirty: what a device wrote to %zu bytes at %#zx may not get to the file: %s",
			(size_t)(ranges[i].end - ranges[i].start),
			(size_t)ranges[i].start, strerror(r));
	}
}

void redirty_found(const struct track_query *query)
{
	struct mr_range *ranges;
	size_t n;
	int r;

	r = track_find_written(query, &ranges, &n);
	if (r) {
		log_error(
			"redirty: what devices wrote may not get to the file: %s",
			strerror(r));
		return;
	}
	redirty(ranges, n);
	free(ranges);
}
