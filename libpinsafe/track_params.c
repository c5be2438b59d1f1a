// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a memory region was registered with.  Most are over one mapping, at the
 * address that the device uses, and have no wishes; of these the entry says it
 * all.  What others need is apart, as there may be very many entries.
 */
#include <errno.h>
#include <stdlib.h>

#include "event.h"
#include "track.h"

struct mr_more {
	bool is_known; /* all but source */
	void *addr;
	size_t length;
	uint64_t iova;
	uint64_t mask;
	enum pinsafe_guard guard;
	uint32_t prefault_threads;
	pinsafe_progress *progress;
	void *user_data;
	struct event_source *source; /* a reference, or NULL */
};

static bool is_plain(const struct guarded_mr *gmr,
		     const struct mr_params *params)
{
	uintptr_t start = (uintptr_t)params->addr;

	return params->iova == start && !params->mask && !params->guard &&
	       !params->prefault_threads && !params->progress &&
	       gmr->n_ranges == 1 &&
	       gmr->ranges[0].start == start &&
	       gmr->ranges[0].end == start + params->length;
}

static int make_more(struct guarded_mr *gmr)
{
	if (!gmr->more)
		gmr->more = calloc(1, sizeof(*gmr->more));
	return gmr->more ? 0 : ENOMEM;
}

int track_set_params(struct guarded_mr *gmr, const struct mr_params *params)
{
	if (!gmr->more && is_plain(gmr, params))
		return 0;
	if (make_more(gmr))
		return ENOMEM;
	gmr->more->is_known = true;
	gmr->more->addr = params->addr;
	gmr->more->length = params->length;
	gmr->more->iova = params->iova;
	gmr->more->mask = params->mask;
	gmr->more->guard = params->guard;
	gmr->more->prefault_threads = params->prefault_threads;
	gmr->more->progress = params->progress;
	gmr->more->user_data = params->user_data;
	return 0;
}

static void say_more(const struct mr_more *more, struct mr_params *params)
{
	params->addr = more->addr;
	params->length = more->length;
	params->iova = more->iova;
	params->mask = more->mask;
	params->guard = more->guard;
	params->prefault_threads = more->prefault_threads;
	params->progress = more->progress;
	params->user_data = more->user_data;
}

bool track_params(const struct guarded_mr *gmr, struct mr_params *ret_params)
{
	const struct mr_range *range = &gmr->ranges[0];
	bool is_known = gmr->more ? gmr->more->is_known : gmr->n_ranges == 1;

	if (!gmr->pd || !is_known)
		return false;
	*ret_params = (struct mr_params){
		.pd = gmr->pd,
		.access = gmr->access,
		.grace_ms = gmr->grace_ms,
	};
	if (gmr->more) {
		say_more(gmr->more, ret_params);
	} else {
		ret_params->addr = (void *)range->start;
		ret_params->length = range->end - range->start;
		ret_params->iova = range->start;
	}
	return true;
}

int track_set_source(struct guarded_mr *gmr, struct event_source *source)
{
	if (make_more(gmr)) {
		event_source_put(source);
		return ENOMEM;
	}
	event_source_put(gmr->more->source);
	gmr->more->source = source;
	return 0;
}

struct event_source *track_source(const struct guarded_mr *gmr)
{
	return gmr->more ? gmr->more->source : NULL;
}

void track_free_params(struct guarded_mr *gmr)
{
	if (gmr->more)
		event_source_put(gmr->more->source);
	free(gmr->more);
	gmr->more = NULL;
}
