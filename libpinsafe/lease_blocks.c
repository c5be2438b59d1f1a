// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Which bytes of a leased file have blocks, as far as it was seen.  Nobody takes
 * them away while the lease is held; with the break that is forgotten.  It is one
 * piece of the file, of which neighbours become a part, or the larger of two.
 */
#include "lease.h"

void lease_note_blocks(struct lease *lease, uint64_t from, uint64_t to)
{
	bool is_apart;

	ps_lock(&table_lock);
	is_apart = from > lease->blocks_to || to < lease->blocks_from;
	if (lease->state != LEASE_HELD) {
		/* It may be that they are gone again. */
	} else if (!is_apart) {
		if (from < lease->blocks_from)
			lease->blocks_from = from;
		if (to > lease->blocks_to)
			lease->blocks_to = to;
	} else if (to - from > lease->blocks_to - lease->blocks_from) {
		lease->blocks_from = from;
		lease->blocks_to = to;
	}
	ps_unlock(&table_lock);
}

bool lease_has_blocks(const struct lease *lease, uint64_t from, uint64_t to)
{
	return PS_LOCKED(&table_lock, lease->state == LEASE_HELD &&
					      from >= lease->blocks_from &&
					      to <= lease->blocks_to);
}
