// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage aside, without threads: as the keeper */
#include "aside.h"
#include "keeper.h"

int aside_call(int (*fn)(void *arg), void *arg)
{
	return keeper_call(fn, arg);
}
