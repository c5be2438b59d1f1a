// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Redirty what is found to be written by devices, on a thread of the program. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "redirty_aside.h"

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
	redirty(ranges, redirty_merge(ranges, n), NULL);
	free(ranges);
}
