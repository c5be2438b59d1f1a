// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage watch */
#include "../lib/record.h"
#include "fake_watch.h"

bool fake_watch_is_enabled;

bool watch_is_enabled(void)
{
	return fake_watch_is_enabled;
}

void watch_cover(uintptr_t start, uintptr_t end)
{
	record("cover");
}
