// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Register again, and with that take the lease again, until a break is over.
 * While somebody removes blocks from the file there is no new lease, which takes
 * milliseconds as a rule; and unmodified programs cannot cope with EAGAIN from
 * ibv_reg_mr().  pinsafe_mr_restore() comes by here as well.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/probe.h"
#include "base/stats.h"
#include "refusal/refusal.h"
#include "registration.h"

void retake_forget(struct registration *reg)
{
	free(reg->choices);
	mapping_put(&reg->mapping);
	reg->choices = NULL;
	reg->is_guarded = false;
	reg->is_on_demand = false;
	reg->gmr = NULL;
	reg->waits_for = NULL;
	reg->unpinnable = NULL;
	reg->recalled = NULL;
	reg->is_again = false;
}

/* It is not what it was before, or all is to be found out to know why. */
static bool must_find_out(struct registration *reg, int r)
{
	if (!r || !reg->recalled || r == EADDRNOTAVAIL)
		return false;
	guard_unlearn(reg);
	retake_forget(reg);
	reg->may_recall = false;
	reg->was_recalled = true;
	return true;
}

/* EAGAIN for longer than one should wait */
static int give_up(const struct registration *reg)
{
	const struct mapping_part *part = reg->waits_for;

	return refusal_retake(part ? part : &reg->mapping.parts[0],
			      &reg->cause, reg->retake.timeout_ms);
}

int retake(struct registration *reg, int (*attempt)(struct registration *reg))
{
	int r;

	/* It may have waited before, and knows how long then. */
	if (reg->options && !reg->retake.deadline_ns)
		reg->retake.timeout_ms = reg->options->timeout_ms;
	for (;;) {
		r = attempt(reg);
		if (must_find_out(reg, r))
			continue;
		if (r != EAGAIN || !reg->is_guarded || reg->is_final)
			break;
		if (!retake_wait(&reg->retake))
			return give_up(reg);
		retake_forget(reg);
	}
	if (!r && reg->is_guarded && reg->retake.deadline_ns) {
		stats_add(retakes, 1);
		probe_retake(reg->addr, reg->length);
	}
	return r;
}
