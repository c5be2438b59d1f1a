// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Is there memory that devices may have written to in a range of addresses, or of
 * a file?  Without a lock, and at the same cost however many memory regions there
 * are.
 *
 * Addresses are counted by the piece that they are in, of which some share a
 * counter: 0 means that there is none.  Long ranges are counted by larger pieces.
 * So are files, by device and inode.
 * Who asks about memory that was registered before he asks finds it counted.
 */
#include <stdatomic.h>

#include "base/hash.h"
#include "track_list.h"

/* Of a range that has more of them the next larger ones are counted. */
#define MAX_PIECES 64
/* Who asks about more is told that there may be some. */
#define MAX_ASKED 4096

#define PAGE_BITS 18
#define OTHER_BITS 12
static _Atomic uint32_t pages[1 << PAGE_BITS], large[1 << OTHER_BITS],
	huge[1 << OTHER_BITS];

static struct level {
	unsigned int shift; /* of the size of its pieces */
	unsigned int bits;  /* of the number of its counters */
	_Atomic uint32_t *counters;
	_Atomic size_t n_ranges;
} levels[] = {
	{ .shift = 12, .bits = PAGE_BITS, .counters = pages },
	{ .shift = 20, .bits = OTHER_BITS, .counters = large },
	{ .shift = 30, .bits = OTHER_BITS, .counters = huge },
};

#define N_LEVELS (sizeof(levels) / sizeof(levels[0]))

static _Atomic uint32_t *counter_of(const struct level *level, uint64_t piece)
{
	return &level->counters[hash_bits(piece, level->bits)];
}

static uint64_t last_piece(const struct level *level, uintptr_t end)
{
	return (end - 1) >> level->shift;
}

static struct level *level_of(const struct mr_range *range)
{
	struct level *level = levels;

	while (level < &levels[N_LEVELS - 1] &&
	       last_piece(level, range->end) - (range->start >> level->shift) >=
		       MAX_PIECES)
		level++;
	return level;
}

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
	struct level *level = level_of(range);
	uint64_t piece = range->start >> level->shift;

	if (!atomic_load(&pinsafe_private_is_written))
		atomic_store(&pinsafe_private_is_written, true);
	for (; piece <= last_piece(level, range->end); piece++)
		atomic_fetch_add(counter_of(level, piece), n);
	atomic_fetch_add(&level->n_ranges, n);
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

static bool may_be_in(const struct level *level, uintptr_t start, uintptr_t end)
{
	uint64_t piece = start >> level->shift;
	uint64_t last = last_piece(level, end);

	if (last - piece >= MAX_ASKED)
		return true;
	for (; piece <= last; piece++)
		if (atomic_load(counter_of(level, piece)))
			return true;
	return false;
}

bool track_may_be_written(uintptr_t start, uintptr_t end)
{
	size_t i;

	for (i = 0; i < N_LEVELS && start < end; i++)
		if (atomic_load(&levels[i].n_ranges) &&
		    may_be_in(&levels[i], start, end))
			return true;
	return false;
}

bool track_may_be_written_file(dev_t dev, ino_t ino)
{
	return atomic_load(counter_of_file(dev, ino));
}
