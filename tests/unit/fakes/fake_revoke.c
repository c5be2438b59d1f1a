// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage revoke */
#include "../lib/record.h"
#include "revoke.h"

void revoke_context(struct ibv_context *context)
{
	record("revoke context");
}

uint64_t revoke_broken(void)
{
	record("run");
	return UINT64_MAX;
}

void revoke_on_demand(uintptr_t start, uintptr_t end)
{
	record("revoke on demand %#lx-%#lx", (unsigned long)start,
	       (unsigned long)end);
}

void revoke_all(void)
{
	record("revoke all");
}

int revoke_mr(struct ibv_mr *mr)
{
	record("revoke mr");
	return 0;
}
