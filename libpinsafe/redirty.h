/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_REDIRTY_H
#define PINSAFE_REDIRTY_H

#include <stddef.h>

#include "track.h"

/*
 * The device may have written to these pages: let the file system know.  0, or
 * the errno of madvise(2), which is logged, too.
 */
int redirty(const struct mr_range *ranges, size_t n_ranges);

/* The same for all that was found; for threads of the program, in a section */
int redirty_found(const struct track_query *query);

#endif /* PINSAFE_REDIRTY_H */
