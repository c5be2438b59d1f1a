// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* One memory region with the guards of two memories, either of which it has */
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

void track_join_guards(struct guarded_mr *gmr, const struct guarded_mr *of)
{
	size_t i;

	for (i = 0; i < of->n_ranges; i++)
		if (!has_range(gmr, &of->ranges[i]))
			gmr->ranges[gmr->n_ranges++] = of->ranges[i];
	for (i = 0; i < of->n_leases; i++)
		if (!track_holds(gmr, of->leases[i]))
			gmr->leases[gmr->n_leases++] = of->leases[i];
}

struct guarded_mr *track_join(const struct guarded_mr *old,
			      const struct guarded_mr *new)
{
	struct guarded_mr *both = track_alloc(old->n_ranges + new->n_ranges);
	struct mr_params params;

	if (!both)
		return NULL;
	if (track_set_source(both, event_source_get(track_source(old)))) {
		track_free(both);
		return NULL;
	}
	both->mr = old->mr;
	both->context = old->context;
	both->pd = old->pd;
	both->access = old->access;
	if (track_params(old, &params))
		(void)track_set_params(both, &params);
	both->grace_ms = old->grace_ms;
	both->is_written = old->is_written || new->is_written;
	track_join_guards(both, old);
	track_join_guards(both, new);
	return both;
}

void track_join_put(const struct guarded_mr *old, const struct guarded_mr *new)
{
	size_t i;

	for (i = 0; i < new->n_leases; i++)
		if (track_holds(old, new->leases[i]))
			lease_put(new->leases[i]);
}
