// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucm/api/ucm.h>

#include "hooks.h"

static uintptr_t start, end;
static volatile bool is_all_told, is_part_told;

static void hear(ucm_event_type_t type, ucm_event_t *event, void *arg)
{
	uintptr_t from = (uintptr_t)event->vm_unmapped.address;
	uintptr_t to = from + event->vm_unmapped.size;

	if (type != UCM_EVENT_VM_UNMAPPED)
		return;
	is_all_told |= from <= start && to >= end;
	is_part_told |= from < end && to > start;
}

int hooks_set(void)
{
	return ucm_set_event_handler(
		UCM_EVENT_VM_MAPPED | UCM_EVENT_VM_UNMAPPED, 0, hear, NULL);
}

void hooks_expect(const void *address, size_t length)
{
	start = (uintptr_t)address;
	end = start + length;
	is_all_told = is_part_told = false;
}

bool hooks_told(bool is_part_enough)
{
	return is_part_enough ? is_part_told : is_all_told;
}

__attribute__((constructor)) static void set_early(void)
{
	const char *when = getenv("HOOKS_SET");

	if (when && !strcmp(when, "constructor"))
		printf("set by a constructor: %d\n", hooks_set());
}
