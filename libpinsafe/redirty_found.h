/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_REDIRTY_FOUND_H
#define PINSAFE_REDIRTY_FOUND_H

#include "memory/redirty.h"
#include "track.h"

/* redirty() for all that was found; for threads of the program, in a section */
void redirty_found(const struct track_query *query);

#endif /* PINSAFE_REDIRTY_FOUND_H */
