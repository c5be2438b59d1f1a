/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "memory/redirty.h"
#include "track.h"

/*
 * redirty() for the keeper's thread.  @limit is asked again and again, and at its
 * end the keeper goes on; what the file system keeps waiting then stays behind.
 */
void redirty_aside(const struct mr_range *ranges, size_t n_ranges,
		   const struct redirty_limit *limit);

/*
 * The same for threads of the program, in a section: of all that was found, and
 * without a limit
 */
void redirty_found(const struct track_query *query);
