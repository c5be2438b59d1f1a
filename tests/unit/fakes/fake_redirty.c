// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage redirty */
#include "../lib/record.h"
#include "redirty.h"

void redirty(const struct mr_range *ranges, size_t n_ranges)
{
	record("redirty");
}
