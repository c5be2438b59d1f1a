// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage watch */
#include "../lib/record.h"
#include "fake_watch.h"

bool fake_watch_is_enabled;
bool fake_watch_covers;

bool watch_is_enabled(void)
{
	return fake_watch_is_enabled;
}

void watch_cover(uintptr_t start, uintptr_t end)
{
	record("cover");
}

bool watch_covers(uintptr_t start, uintptr_t end)
{
	return fake_watch_covers;
}

void watch_forget_range(uintptr_t start, uintptr_t end)
{
	record("forget %#lx-%#lx", (unsigned long)start, (unsigned long)end);
}
