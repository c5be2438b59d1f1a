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
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sys.h"
#include "memory/pkeys.h"
#include "memory/populate.h"
#include "memory/redirty.h"
#include "memory/vma.h"

/* So that a limit is seen in time */
#define CHUNK_SIZE (64ul << 20)
/* What was seen of the mappings longer ago may not be true any more. */
#define MAX_AGE_NS (100 * NSEC_PER_MSEC)

int redirty_pages(uintptr_t start, uintptr_t end)
{
	uintptr_t mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
	uint32_t rights;
	int r;

	start &= mask;
	end = (end + ~mask) & mask;
	r = populate_pages(start, end, MADV_POPULATE_WRITE);
	if ((r == EFAULT || r == EINVAL) && pkeys_open(&rights)) {
		r = populate_pages(start, end, MADV_POPULATE_WRITE);
		pkeys_close(rights);
	}
	return r;
}

/* What the process maps */
struct view {
	struct vma_reader reader;
	struct vma vma;		/* seen last */
	uintptr_t from;		/* where that was looked for */
	uint64_t opened_at_ns;	/* 0: never look twice by the same */
	bool is_open;
	bool is_for_one_look; /* so how old that is does not matter */
};

static void close_view(struct view *view)
{
	if (view->is_open)
		vma_close(&view->reader);
	view->is_open = false;
	view->vma.end = 0;
	view->from = 0;
}

/*
 * Have view->vma at @addr or above; false: there is none.  If it cannot be
 * found out, all is taken for the file: data that is lost would be worse.
 */
static bool look(struct view *view, uintptr_t addr)
{
	int r;

	/* A reader only goes upwards. */
	if ((view->is_open || view->vma.end) &&
	    (clock_now_ns() - view->opened_at_ns >= MAX_AGE_NS ||
	     addr < view->from))
		close_view(view);
	if (addr < view->vma.end)
		return true;
	view->from = addr;
	if (!view->is_open && !vma_open(&view->reader)) {
		view->is_open = true;
		view->opened_at_ns = view->is_for_one_look ? 0 : clock_now_ns();
	}
	r = view->is_open ? vma_next(&view->reader, addr, &view->vma) : EIO;
	if (!r || r == ENOENT)
		return !r;
	close_view(view);
	view->vma.start = 0;
	view->vma.end = UINTPTR_MAX;
	return true;
}

static bool is_file(const struct view *view, const struct mr_range *range)
{
	const struct vma *vma = &view->vma;

	return !view->is_open ||
	       (vma->shared && vma->writable && range->dev == vma->dev &&
		range->ino == vma->ino);
}

struct work {
	const struct mr_range *ranges;
	size_t n_ranges;
	struct view view;
	/* What could not be done */
	size_t failed;		/* bytes */
	uintptr_t failed_at;	/* the first */
	int error;
};

static void fail(struct work *work, uintptr_t start, uintptr_t end, int r)
{
	if (!work->error) {
		work->error = r;
		work->failed_at = start;
	}
	work->failed += end - start;
}

/* From @addr in the range @i on */
static void give_up(struct work *work, size_t i, uintptr_t addr)
{
	for (; i < work->n_ranges; i++) {
		if (work->ranges[i].is_kept)
			continue;
		if (addr < work->ranges[i].start)
			addr = work->ranges[i].start;
		fail(work, addr, work->ranges[i].end, ETIMEDOUT);
		addr = 0;
	}
}

/* True: look again, the mapping is not any more what it was a moment ago. */
static bool redirty_chunk(struct work *work, const struct mr_range *range,
			  uintptr_t start, uintptr_t end, bool is_again)
{
	int r;

	if (!is_file(&work->view, range))
		return false;
	r = redirty_pages(start, end);
	if ((r == ENOMEM || r == EINVAL) && !is_again)
		return true;
	/* EFAULT: no space left for the page, or it was truncated. */
	if (r)
		fail(work, start, end, r);
	return false;
}

/* False: there is no time left. */
static bool run_range(struct work *work, size_t i,
		      const struct redirty_limit *limit)
{
	const struct mr_range *range = &work->ranges[i];
	uintptr_t addr = range->start, next, again_at = 0;
	struct view *view = &work->view;

	while (addr < range->end) {
		if (limit && limit->deadline_ns(limit->arg) <= clock_now_ns()) {
			give_up(work, i, addr);
			return false;
		}
		if (!look(view, addr))
			break;
		if (addr < view->vma.start) {
			addr = view->vma.start;
			continue;
		}
		next = view->vma.end < range->end ? view->vma.end : range->end;
		if (next - addr > CHUNK_SIZE)
			next = addr + CHUNK_SIZE;
		if (redirty_chunk(work, range, addr, next, addr == again_at)) {
			close_view(view);
			again_at = addr;
			continue;
		}
		addr = next;
	}
	return true;
}

/*
 * The program may have unmapped the memory, since the device has it pinned, and
 * may have something else there: another file, memory that it never meant to
 * use, or memory whose page faults it handles itself (userfaultfd), for which
 * the keeper would wait.  None of that is populated.  It may unmap it just now,
 * too, so the mappings are looked at again and again.
 */
static void run(struct work *work, const struct redirty_limit *limit)
{
	size_t i;

	work->view.is_for_one_look =
		work->n_ranges == 1 &&
		work->ranges[0].end - work->ranges[0].start <= CHUNK_SIZE;
	for (i = 0; i < work->n_ranges; i++)
		if (!work->ranges[i].is_kept && !run_range(work, i, limit))
			break;
	close_view(&work->view);
}

void redirty(const struct mr_range *ranges, size_t n_ranges,
	     const struct redirty_limit *limit)
{
	struct work work = { .ranges = ranges, .n_ranges = n_ranges };

	run(&work, limit);
	if (work.error)
		log_error("redirty: what a device wrote to %zu bytes, the first at %#zx, may not get to the file: %s",
			  work.failed, (size_t)work.failed_at,
			  strerror(work.error));
}

/* Of what begins at one address, that of one file beside each other */
static int by_address(const void *a, const void *b)
{
	const struct mr_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

size_t redirty_merge(struct mr_range *ranges, size_t n_ranges)
{
	struct mr_range *last = ranges;
	size_t i, n = n_ranges ? 1 : 0;

	qsort(ranges, n_ranges, sizeof(*ranges), by_address);
	for (i = 1; i < n_ranges; i++) {
		if (ranges[i].dev == last->dev && ranges[i].ino == last->ino &&
		    ranges[i].start <= last->end) {
			if (ranges[i].end > last->end)
				last->end = ranges[i].end;
			continue;
		}
		last = &ranges[n++];
		*last = ranges[i];
	}
	return n;
}
