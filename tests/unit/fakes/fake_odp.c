// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage odp: a device with on-demand paging, or without */
#include "../lib/record.h"
#include "fake_odp.h"

struct fake_odp fake_odp;

bool odp_is_offered(struct ibv_context *context)
{
	return fake_odp.is_offered;
}

bool odp_is_sound(const struct real_verbs *real)
{
	return !fake_odp.is_unsound;
}

void odp_prefetch(struct ibv_pd *pd, const struct ibv_mr *mr, uint64_t iova,
		  size_t length, bool is_written)
{
	record(is_written ? "prefetch for writing" : "prefetch");
}
