// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage watch */
#include "../lib/record.h"
#include "fake_watch.h"

bool fake_watch_is_enabled;
bool fake_watch_covers;
uint64_t fake_watch_ticket;

bool watch_is_enabled(void)
{
	return fake_watch_is_enabled;
}

/* The stage called */

bool fake_called_is_not_sure, fake_called_has_no_memory;

bool called_is_sure(enum called_use use, struct called_bypass *ret_bypass)
{
	if (fake_called_has_no_memory && ret_bypass)
		ret_bypass->name = NULL;
	else if (fake_called_is_not_sure && ret_bypass)
		*ret_bypass = (struct called_bypass){
			.name = use == CALLED_FILES ? "madvise" : "munmap",
			.caller = "/a/program",
			.callee = "/a/libhook.so",
		};
	return !fake_called_is_not_sure && !fake_called_has_no_memory;
}

void watch_cover(uintptr_t start, uintptr_t end)
{
	record("cover");
}

bool watch_covers(uintptr_t start, uintptr_t end)
{
	return fake_watch_covers;
}

uint64_t watch_ticket(uintptr_t start, uintptr_t end)
{
	record("kept? %#lx-%#lx", (unsigned long)start, (unsigned long)end);
	return fake_watch_ticket;
}

void watch_forget_range(uintptr_t start, uintptr_t end, uint64_t ticket)
{
	record("forget %#lx-%#lx of %d", (unsigned long)start,
	       (unsigned long)end, (int)ticket);
}

void watch_move(const struct watch_move *move)
{
	record("move %#lx-%#lx to %#lx-%#lx of %d%s",
	       (unsigned long)move->start, (unsigned long)move->end,
	       (unsigned long)move->new_start, (unsigned long)move->new_end,
	       (int)move->ticket, move->stays ? ", stays" : "");
}
