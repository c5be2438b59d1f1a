// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* One memory region with the guards of two memories, either of which it has */
#include <string.h>

#include "event.h"
#include "lease.h"
#include "track.h"

static bool has_range(const struct guarded_mr *gmr,
		      const struct mr_range *range)
{
	const struct mr_range *other;
	size_t i;

	for (i = 0; i < gmr->n_ranges; i++) {
		other = &gmr->ranges[i];
		if (other->start == range->start && other->end == range->end &&
		    other->dev == range->dev && other->ino == range->ino)
			return true;
	}
	return false;
}

struct guarded_mr *track_join(const struct guarded_mr *old,
			      const struct guarded_mr *new)
{
	struct guarded_mr *both = track_alloc(old->n_ranges + new->n_ranges);
	size_t i;

	struct mr_params params;

	if (!both)
		return NULL;
	if (track_set_source(both, event_source_get(track_source(old)))) {
		track_free(both);
		return NULL;
	}
	both->mr = new->mr;
	both->context = new->context;
	both->pd = new->pd;
	both->access = new->access;
	if (track_params(new, &params))
		(void)track_set_params(both, &params);
	both->grace_ms = old->grace_ms;
	both->is_written = old->is_written || new->is_written;

	both->n_ranges = old->n_ranges;
	memcpy(both->ranges, old->ranges, old->n_ranges * sizeof(*old->ranges));
	for (i = 0; i < new->n_ranges; i++)
		if (!has_range(both, &new->ranges[i]))
			both->ranges[both->n_ranges++] = new->ranges[i];
	both->n_leases = old->n_leases;
	memcpy(both->leases, old->leases, old->n_leases * sizeof(*old->leases));
	for (i = 0; i < new->n_leases; i++)
		if (!track_holds(both, new->leases[i]))
			both->leases[both->n_leases++] = new->leases[i];
	return both;
}

void track_join_put(const struct guarded_mr *old, const struct guarded_mr *new)
{
	size_t i;

	for (i = 0; i < new->n_leases; i++)
		if (track_holds(old, new->leases[i]))
			lease_put(new->leases[i]);
}
