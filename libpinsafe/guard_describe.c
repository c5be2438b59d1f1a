// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What is remembered of a memory region: by track.c, and for its events */
#include <errno.h>

#include "clock.h"
#include "config.h"
#include "event.h"
#include "registration.h"

/* The program's wish, or the longest that a policy grants */
static uint64_t grace_ns(const struct registration *reg)
{
	uint64_t ms = 0;
	size_t i;

	if (reg->options && reg->options->mask & PINSAFE_REG_GRACE)
		return reg->options->grace_ms * NSEC_PER_MSEC;
	for (i = 0; i < reg->mapping.n_parts; i++) {
		const char *path = reg->mapping.parts[i].file.path;
		uint64_t wanted = config_policy(path).grace_ms;

		if (wanted > ms)
			ms = wanted;
	}
	return ms * NSEC_PER_MSEC;
}

int guard_describe_files(const struct registration *reg,
			 struct event_source *source)
{
	size_t i;
	int r = 0;

	for (i = 0; source && i < reg->mapping.n_parts && !r; i++) {
		const struct backing *file = &reg->mapping.parts[i].file;

		r = event_source_add_file(source, file->dev, file->ino,
					  file->path);
	}
	return r;
}

int guard_describe_options(struct registration *reg)
{
	const struct reg_options *options = reg->options;
	struct guarded_mr *gmr = reg->gmr;

	gmr->grace_ns = grace_ns(reg);
	if (!options)
		return 0;
	gmr->params.mask = options->mask & ~(uint64_t)PINSAFE_REG_FD;
	gmr->params.guard = options->guard;
	gmr->params.grace_ms = options->grace_ms;
	gmr->params.prefault_threads = options->prefault_threads;
	if (!options->source)
		return 0;
	event_source_set_mr(options->source, reg->mr, reg->addr, reg->length);
	gmr->source = event_source_get(options->source);
	return guard_describe_files(reg, options->source);
}

void guard_describe(const struct registration *reg, struct guarded_mr *gmr,
		    struct ibv_mr *mr)
{
	gmr->mr = mr;
	gmr->context = reg->pd->context;
	gmr->params = (struct mr_params){
		.pd = reg->pd,
		.addr = reg->addr,
		.length = reg->length,
		.iova = reg->iova,
		.access = reg->access,
	};
	gmr->is_written = reg->is_written;
	gmr->is_on_demand = reg->is_on_demand;
}
