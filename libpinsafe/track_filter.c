// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Is there memory that devices may have written to in a range of addresses, or of
 * a file?  Without a lock, and at the same cost however many memory regions there
 * are.
 *
 * Files are counted as addresses are, by device and inode.
 */
#include <stdatomic.h>

#include "base/range_filter.h"
#include "track_list.h"

#define PAGE_BITS 18
#define OTHER_BITS 12
static _Atomic uint32_t pages[1 << PAGE_BITS], large[1 << OTHER_BITS],
	huge[1 << OTHER_BITS];
static struct range_filter written = { {
	{ .shift = 12, .bits = PAGE_BITS, .counters = pages },
	{ .shift = 20, .bits = OTHER_BITS, .counters = large },
	{ .shift = 30, .bits = OTHER_BITS, .counters = huge },
} };

atomic_bool pinsafe_private_is_written;

#define FILE_BITS 18
static _Atomic uint32_t files[1 << FILE_BITS];

static _Atomic uint32_t *counter_of_file(dev_t dev, ino_t ino)
{
	return &files[hash_file(dev, ino, FILE_BITS)];
}

/* What is added is counted before it can be asked about. */
static void count(const struct mr_range *range, int n)
{
	if (!atomic_load(&pinsafe_private_is_written))
		atomic_store(&pinsafe_private_is_written, true);
	range_count(&written, range->start, range->end, n);
	atomic_fetch_add(counter_of_file(range->dev, range->ino), n);
}

void track_filter_count(const struct guarded_mr *gmr, int n)
{
	size_t i;

	for (i = 0; i < gmr->n_ranges && gmr->is_written; i++)
		if (gmr->ranges[i].start < gmr->ranges[i].end &&
		    !gmr->ranges[i].is_kept)
			count(&gmr->ranges[i], n);
}

bool track_may_be_written(uintptr_t start, uintptr_t end)
{
	return range_may_be_in(&written, start, end);
}

bool track_may_be_written_file(dev_t dev, ino_t ino)
{
	return atomic_load(counter_of_file(dev, ino));
}
