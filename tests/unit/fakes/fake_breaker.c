// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage breaker */
#include "../lib/record.h"
#include "breaker.h"

void breaker_revoke_context(struct ibv_context *context)
{
	record("revoke context");
}
