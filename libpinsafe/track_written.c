// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which memory devices may have written to, for redirty.c */
#include <errno.h>
#include <stdlib.h>

#include "lease.h"
#include "track_list.h"

struct found {
	const struct track_query *query;
	struct mr_range *ranges;
	size_t n, room;
	int error;
};

static bool make_room(struct found *found, size_t n)
{
	struct mr_range *more;
	size_t room = found->room;

	if (found->n + n <= room)
		return true;
	while (room < found->n + n)
		room = room * 2 + 8;
	more = reallocarray(found->ranges, room, sizeof(*more));
	if (!more) {
		found->error = ENOMEM;
		return false;
	}
	found->ranges = more;
	found->room = room;
	return true;
}

static bool cut(struct mr_range *range, const struct track_query *query)
{
	if (range->is_kept)
		return false;
	if (!query)
		return true;
	if (!query->any_file &&
	    (range->dev != query->dev ||
	     (range->ino != query->ino && !query->any_inode)))
		return false;
	if (range->start < query->start)
		range->start = query->start;
	if (range->end > query->end)
		range->end = query->end;
	return range->start < range->end;
}

static void find_in(struct guarded_mr *gmr, void *arg) PS_REQUIRES(table_lock)
{
	struct found *found = arg;
	size_t i;

	if (!track_is_written_locked(gmr) || found->error ||
	    !make_room(found, gmr->n_ranges))
		return;
	for (i = 0; i < gmr->n_ranges; i++) {
		found->ranges[found->n] = gmr->ranges[i];
		found->n += cut(&found->ranges[found->n], found->query);
	}
}

/* The caller has found all that it can get. */
static int give(const struct found *found, struct mr_range **ret_ranges,
		size_t *ret_n)
{
	if (found->error) {
		free(found->ranges);
		return found->error;
	}
	*ret_ranges = found->ranges;
	*ret_n = found->n;
	return 0;
}

int track_find_written(const struct track_query *query,
		       struct mr_range **ret_ranges, size_t *ret_n)
{
	struct found found = {.query = query};
	const struct mr_hold *hold;
	const struct lease *lease;

	ps_lock(&table_lock);
	if (query->any_file || query->any_inode) {
		table_visit(find_in, &found);
	} else {
		/* What needs no redirty has none, nor what is on demand. */
		lease = lease_find(query->dev, query->ino);
		if (lease)
			LIST_FOREACH(hold, &lease->mrs, link)
				find_in(hold->gmr, &found);
	}
	ps_unlock(&table_lock);
	return give(&found, ret_ranges, ret_n);
}

int track_claimed_written(struct guarded_mr *claimed, bool only_new,
			  struct mr_range **ret_ranges, size_t *ret_n)
{
	struct found found = {0};
	struct guarded_mr *gmr;

	ps_lock(&table_lock);
	for (gmr = claimed; gmr; gmr = gmr->next)
		if (gmr->n_keys || !only_new)
			find_in(gmr, &found);
	ps_unlock(&table_lock);
	return give(&found, ret_ranges, ret_n);
}

bool track_is_only_read(dev_t dev, ino_t ino)
{
	const struct mr_hold *hold;
	const struct lease *lease;
	unsigned int n = 0;
	bool is_read;

	ps_lock(&table_lock);
	lease = lease_find(dev, ino);
	is_read = lease;
	if (lease)
		LIST_FOREACH(hold, &lease->mrs, link) {
			is_read &= hold->gmr->state == MR_ALIVE &&
				   !track_is_written_locked(hold->gmr);
			n++;
		}
	/* Who is about to register is a holder, too. */
	is_read = is_read && lease->holders == n;
	ps_unlock(&table_lock);
	return is_read;
}
