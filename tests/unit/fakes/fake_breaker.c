// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage breaker */
#include "../lib/record.h"
#include "breaker.h"

void breaker_revoke_context(struct ibv_context *context)
{
	record("revoke context");
}

uint64_t breaker_run(void)
{
	record("run");
	return UINT64_MAX;
}

void breaker_revoke_on_demand(uintptr_t start, uintptr_t end)
{
	record("revoke on demand %#lx-%#lx", (unsigned long)start,
	       (unsigned long)end);
}

void breaker_revoke_all(void)
{
	record("revoke all");
}

int breaker_revoke_mr(struct ibv_mr *mr)
{
	record("revoke mr");
	return 0;
}
