// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What is remembered of a memory region: by track.c, and for its events */

#include "event.h"
#include "policy/config.h"
#include "refusal/refusal.h"
#include "registration.h"

/* The program's wish, or the longest that a policy grants */
static uint32_t grace_ms(const struct registration *reg)
{
	uint32_t ms = 0;
	size_t i;

	if (reg->options && reg->options->mask & PINSAFE_REG_GRACE)
		return reg->options->grace_ms;
	for (i = 0; i < reg->mapping.n_parts; i++) {
		const char *path = reg->mapping.parts[i].file.path;
		uint32_t wanted = config_policy(path).grace_ms;

		if (wanted > ms)
			ms = wanted;
	}
	return ms;
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
	struct mr_params params = {
		.addr = reg->addr,
		.length = reg->length,
		.iova = reg->iova,
		.options.timeout_ms = -1,
	};
	int r = 0;

	gmr->grace_ms = grace_ms(reg);
	if (options) {
		params.options = *options;
		params.options.mask &= ~(uint64_t)PINSAFE_REG_FD;
		params.options.source = NULL;
		params.options.timeout_ms = -1;
		params.options.check = NULL;
	}
	if (options && options->source) {
		event_source_set_mr(options->source, reg->mr, reg->addr,
				    reg->length);
		r = track_set_source(gmr, event_source_get(options->source));
	}
	r = r ?: track_set_params(gmr, &params);
	r = r ?: guard_describe_files(reg, track_source(gmr));
	return r ? refusal_no_memory(reg->addr) : 0;
}

void guard_describe(const struct registration *reg, struct guarded_mr *gmr,
		    struct ibv_mr *mr)
{
	gmr->mr = mr;
	gmr->context = reg->pd->context;
	gmr->pd = reg->pd;
	gmr->access = reg->access;
	gmr->is_written = reg->is_written;
	gmr->is_on_demand = reg->is_on_demand;
}
