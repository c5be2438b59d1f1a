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
	bool is_known;		     /* what is in params */
	struct mr_params params;     /* but for what the entry says */
	struct event_source *source; /* a reference, or NULL */
};

static bool is_plain(const struct guarded_mr *gmr,
		     const struct mr_params *params)
{
	uintptr_t start = (uintptr_t)params->addr;
	const struct reg_options *options = &params->options;

	return params->iova == start && !options->mask && !options->guard &&
	       !options->prefault_threads && !options->progress &&
	       gmr->n_ranges == 1 && gmr->ranges[0].start == start &&
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
	gmr->more->params = *params;
	return 0;
}

bool track_params(const struct guarded_mr *gmr, struct mr_params *ret_params)
{
	const struct mr_range *range = &gmr->ranges[0];
	bool is_known = gmr->more ? gmr->more->is_known : gmr->n_ranges == 1;

	if (!gmr->pd || !is_known)
		return false;
	if (gmr->more)
		*ret_params = gmr->more->params;
	else
		*ret_params = (struct mr_params){
			.addr = (void *)range->start,
			.length = range->end - range->start,
			.iova = range->start,
			.options.timeout_ms = -1,
		};
	ret_params->pd = gmr->pd;
	ret_params->access = gmr->access;
	ret_params->options.grace_ms = gmr->grace_ms;
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
