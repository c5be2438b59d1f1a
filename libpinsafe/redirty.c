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

#include "clock.h"
#include "log.h"
#include "redirty.h"
#include "vma.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* So that a limit is seen in time */
#define CHUNK_SIZE (64ul << 20)

int redirty_pages(uintptr_t start, uintptr_t end)
{
	uintptr_t mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	start &= mask;
	end = (end + ~mask) & mask;
	while (madvise((void *)start, end - start, MADV_POPULATE_WRITE))
		if (errno != EINTR)
			return errno;
	return 0;
}

/* ETIMEDOUT at the end of @limit */
static int redirty_until(uintptr_t start, uintptr_t end,
			 const struct redirty_limit *limit)
{
	uintptr_t next;
	int r = 0;

	for (; start < end && !r; start = next) {
		if (limit && limit->deadline_ns(limit->arg) <= clock_now_ns())
			return ETIMEDOUT;
		next = end - start > CHUNK_SIZE ? start + CHUNK_SIZE : end;
		r = redirty_pages(start, next);
	}
	return r;
}

static void redirty_piece(uintptr_t start, uintptr_t end,
			  const struct redirty_limit *limit)
{
	int r = redirty_until(start, end, limit);

	/* Unmapped or made read-only just now */
	if (!r || r == ENOMEM || r == EINVAL)
		return;
	/* EFAULT: no space left for the page, or it was truncated. */
	log_error("redirty: what a device wrote to %zu bytes at %#zx may not get to the file: %s",
		  (size_t)(end - start), (size_t)start, strerror(r));
}

/* What is left of @range in the mapping @vma */
static void redirty_mapped(const struct mr_range *range, const struct vma *vma,
			   const struct redirty_limit *limit)
{
	uintptr_t start = range->start > vma->start ? range->start : vma->start;
	uintptr_t end = range->end < vma->end ? range->end : vma->end;

	if (start < end && range->dev == vma->dev && range->ino == vma->ino)
		redirty_piece(start, end, limit);
}

static void find_bounds(const struct mr_range *ranges, size_t n_ranges,
			uintptr_t *ret_start, uintptr_t *ret_end)
{
	size_t i;

	*ret_start = UINTPTR_MAX;
	*ret_end = 0;
	for (i = 0; i < n_ranges; i++) {
		if (ranges[i].start < *ret_start)
			*ret_start = ranges[i].start;
		if (ranges[i].end > *ret_end)
			*ret_end = ranges[i].end;
	}
}

/*
 * The program may have unmapped the memory, since the device has it pinned, and
 * may have something else there: another file, memory that it never meant to
 * use, or memory whose page faults it handles itself (userfaultfd), for which
 * the keeper would wait.  None of that is populated.
 */
void redirty(const struct mr_range *ranges, size_t n_ranges,
	     const struct redirty_limit *limit)
{
	struct vma_reader reader;
	uintptr_t addr, end;
	struct vma vma;
	size_t i;

	find_bounds(ranges, n_ranges, &addr, &end);
	if (addr >= end)
		return;
	/* No descriptor left: data that is lost would be worse. */
	if (vma_open(&reader)) {
		for (i = 0; i < n_ranges; i++)
			redirty_piece(ranges[i].start, ranges[i].end, limit);
		return;
	}
	for (; addr < end && !vma_next(&reader, addr, &vma); addr = vma.end)
		for (i = 0; i < n_ranges && vma.shared && vma.writable; i++)
			redirty_mapped(&ranges[i], &vma, limit);
	vma_close(&reader);
}

void redirty_found(const struct track_query *query)
{
	struct mr_range *ranges;
	size_t n;
	int r;

	r = track_find_written(query, &ranges, &n);
	if (r) {
		log_error("redirty: what devices wrote may not get to the file: %s",
			  strerror(r));
		return;
	}
	redirty(ranges, n, NULL);
	free(ranges);
}
