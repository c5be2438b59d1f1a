// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage redirty */
#include "../lib/record.h"
#include "fake_redirty.h"
#include "redirty.h"

struct track_query fake_redirty_query;

void redirty(const struct mr_range *ranges, size_t n_ranges,
	     uint64_t deadline_ns)
{
	record("redirty");
}

void redirty_found(const struct track_query *query)
{
	record("redirty found");
	fake_redirty_query = *query;
}
