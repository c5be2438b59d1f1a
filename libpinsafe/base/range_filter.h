/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Is something of many ranges of addresses in another one?  That there is none is
 * sure, that there is some is not.  Without a lock, and at the same cost however many
 * there are.
 *
 * Ranges are counted by the piece that they are in, of which some share a counter: 0
 * means that there is none.  Long ones are counted by larger pieces.  Who asks about
 * what was counted before he asks finds it counted.  Inline, as it is asked often.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

/* Of a range that has more of them the next larger ones are counted. */
#define RANGE_MAX_PIECES 64
/* Who asks about more is told that there may be some. */
#define RANGE_MAX_ASKED 4096

struct range_level {
	unsigned int shift; /* of the size of its pieces */
	unsigned int bits;  /* of the number of its counters */
	_Atomic uint32_t *counters;
	_Atomic size_t n_ranges;
};

/* From small pieces to large ones */
struct range_filter {
	struct range_level levels[3];
};

#define RANGE_LAST_LEVEL 2

static inline _Atomic uint32_t *range_counter(const struct range_level *level,
					      uint64_t piece)
{
	return &level->counters[hash_bits(piece, level->bits)];
}

static inline uint64_t range_last_piece(const struct range_level *level,
					uintptr_t end)
{
	return (end - 1) >> level->shift;
}

/* @n: 1, or -1 of what was counted so; neither is empty */
static inline void range_count(struct range_filter *filter, uintptr_t start,
			       uintptr_t end, int n)
{
	struct range_level *level = filter->levels;
	uint64_t piece;

	while (level < &filter->levels[RANGE_LAST_LEVEL] &&
	       range_last_piece(level, end) - (start >> level->shift) >=
		       RANGE_MAX_PIECES)
		level++;
	piece = start >> level->shift;
	for (; piece <= range_last_piece(level, end); piece++)
		atomic_fetch_add(range_counter(level, piece), n);
	atomic_fetch_add(&level->n_ranges, n);
}

static inline bool range_may_be_on(const struct range_level *level,
				   uintptr_t start, uintptr_t end)
{
	uint64_t piece = start >> level->shift;
	uint64_t last = range_last_piece(level, end);

	if (last - piece >= RANGE_MAX_ASKED)
		return true;
	for (; piece <= last; piece++)
		if (atomic_load(range_counter(level, piece)))
			return true;
	return false;
}

static inline bool range_may_be_in(const struct range_filter *filter,
				   uintptr_t start, uintptr_t end)
{
	size_t i;

	for (i = 0; i <= RANGE_LAST_LEVEL && start < end; i++)
		if (atomic_load(&filter->levels[i].n_ranges) &&
		    range_may_be_on(&filter->levels[i], start, end))
			return true;
	return false;
}
