// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage redirty */
#include "../lib/record.h"
#include "base/clock.h"
#include "fake_redirty.h"
#include "memory/redirty.h"
#include "redirty_written.h"

struct track_query fake_redirty_query;
struct fake_redirty fake_redirty;

static uint64_t ask(const struct redirty_limit *limit)
{
	return limit ? limit->deadline_ns(limit->arg) : UINT64_MAX;
}

void redirty(const struct mr_range *ranges, size_t n_ranges,
	     const struct redirty_limit *limit)
{
	unsigned int i;

	record("redirty");
	for (i = 0; i < fake_redirty.n_chunks; i++) {
		if (ask(limit) <= clock_now_ns()) {
			record("late");
			break;
		}
		if (fake_redirty.on_chunk)
			fake_redirty.on_chunk();
	}
}

void redirty_aside(const struct mr_range *ranges, size_t n_ranges,
		   const struct redirty_limit *limit)
{
	redirty(ranges, n_ranges, limit);
}

size_t redirty_merge(struct mr_range *ranges, size_t n_ranges)
{
	return n_ranges;
}

void redirty_found(const struct track_query *query)
{
	record("redirty found");
	fake_redirty_query = *query;
}
