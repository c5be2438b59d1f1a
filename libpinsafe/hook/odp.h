/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include "hook/real_verbs.h"

/* Has the device on-demand paging for reliable connections, reads and writes? */
bool odp_is_offered(struct ibv_context *context);

/*
 * Can it be relied on?  Soft-RoCE puts data of transfers that are not aligned
 * to pages, or longer than a packet, into wrong places.
 */
bool odp_is_sound(const struct real_verbs *real);

/* Have the device fault in the pages of @mr now; only a hint. */
void odp_prefetch(struct ibv_pd *pd, const struct ibv_mr *mr, uint64_t iova,
		  size_t length, bool is_written);
