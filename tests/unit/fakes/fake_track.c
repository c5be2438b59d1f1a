// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage track, with one entry */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/record.h"
#include "fake_track.h"

struct fake_track fake_track;

struct guarded_mr *track_alloc(size_t max_ranges)
{
	struct guarded_mr *gmr;

	if (fault_now(&fake_track.alloc))
		return NULL;
	gmr = calloc(1, sizeof(*gmr) +
				max_ranges * (sizeof(gmr->ranges[0]) +
					      sizeof(gmr->leases[0])));
	gmr->leases = (struct lease **)&gmr->ranges[max_ranges];
	return gmr;
}

struct mr_params fake_track_params(void)
{
	struct mr_params params = {0};

	(void)track_params(fake_track.gmr, &params);
	return params;
}

void track_free(struct guarded_mr *gmr)
{
	track_free_params(gmr);
	free(gmr);
}

int track_add(struct guarded_mr *gmr)
{
	int r = fault_now(&fake_track.add);

	record("track");
	if (!r)
		fake_track.gmr = gmr;
	return r;
}

void track_add_orphan(struct guarded_mr *gmr)
{
	record("orphan");
	fake_track.gmr = gmr;
}

int track_begin_dereg(struct ibv_mr *mr, struct guarded_mr **ret_gmr)
{
	int r = fault_now(&fake_track.begin_dereg);

	if (!fake_track.gmr || fake_track.gmr->mr != mr)
		r = ENOENT;
	if (!r)
		*ret_gmr = fake_track.gmr;
	return r;
}

int track_begin_rereg(struct ibv_mr *mr, struct track_move *move,
		      struct guarded_mr **ret_gmr)
{
	int r = fault_now(&fake_track.begin_rereg);

	record("claim");
	if (!track_has(mr))
		r = ENOENT;
	if (!r)
		*ret_gmr = fake_track.gmr;
	return r;
}

void track_end_unguarded(struct track_move *move)
{
}

void track_replace(struct guarded_mr *old, struct guarded_mr *new)
{
	record(old ? "replace" : "track");
	fake_track.gmr = new;
}

void track_begin_move(struct guarded_mr *old, struct guarded_mr *gmr)
{
	record("enter");
	fake_track.gmr = gmr;
}

void track_end_move(struct guarded_mr *gmr, struct ibv_pd *pd, int access)
{
	record("settle");
	gmr->pd = pd;
	gmr->access = access;
}

int track_get_params(const struct ibv_mr *mr, enum mr_state state,
		     struct mr_params *ret_params,
		     struct event_source **ret_source)
{
	if (!track_has((struct ibv_mr *)mr) ||
	    fake_track.is_zombie != (state == MR_ZOMBIE))
		return EINVAL;
	*ret_params = fake_track_params();
	*ret_source = NULL;
	return 0;
}

void track_keep(struct guarded_mr *gmr)
{
	record("keep");
}

size_t track_remove(struct guarded_mr *gmr)
{
	record("untrack");
	fake_track.gmr = NULL;
	return fake_track.is_zombie ? 0 : gmr->n_leases;
}

bool track_is_written(struct guarded_mr *gmr)
{
	return gmr->is_written && !fake_track.is_zombie;
}

bool track_is_only_read(dev_t dev, ino_t ino)
{
	return fake_track.is_only_read;
}

bool track_may_have(const struct ibv_mr *mr)
{
	return fake_track.gmr && fake_track.gmr->mr == mr;
}

bool track_has(struct ibv_mr *mr)
{
	return fake_track.gmr && fake_track.gmr->mr == mr;
}

struct guarded_mr *track_detach_context(const struct ibv_context *context)
{
	struct guarded_mr *gmr = fake_track.gmr;

	record("detach");
	fake_track.gmr = NULL;
	return gmr;
}

int track_find_written(const struct track_query *query,
		       struct mr_range **ret_ranges, size_t *ret_n)
{
	size_t size = fake_track.n_written * sizeof(struct mr_range);
	int r = fault_now(&fake_track.find_written);

	fake_track.query = query;
	if (r)
		return r;
	*ret_ranges = malloc(size + 1);
	memcpy(*ret_ranges, fake_track.written, size);
	*ret_n = fake_track.n_written;
	return 0;
}
