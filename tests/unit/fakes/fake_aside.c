// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage aside, without threads: as the keeper */
#include <stddef.h>

#include "aside.h"
#include "keeper.h"

int aside_call(int (*fn)(void *arg), void *arg)
{
	return keeper_call(fn, arg);
}

struct aside *aside_begin(int (*fn)(void *arg), void *arg,
			  void (*forget)(void *arg))
{
	return NULL;
}

bool aside_wait(struct aside *aside, uint64_t patience_ns)
{
	return true;
}

void aside_put(struct aside *aside)
{
}
