// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage keeper, without a thread: the caller does it. */
#include "../lib/record.h"
#include "fake_keeper.h"

struct fake_keeper fake_keeper;

int keeper_call(int (*fn)(void *arg), void *arg)
{
	int r = fault_now(&fake_keeper.call);

	return r ? r : fn(arg);
}

int keeper_adopt(int fd)
{
	record("adopt %d", fd);
	return fault_now(&fake_keeper.adopt);
}

void keeper_drop(int fd)
{
	record("drop %d", fd);
}
