// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <stdint.h>

#include "hooks.h"

static uintptr_t start, end;
static volatile bool is_all_told, is_part_told;

void hooks_hear(const void *address, size_t length)
{
	uintptr_t from = (uintptr_t)address, to = from + length;

	is_all_told |= from <= start && to >= end;
	is_part_told |= from < end && to > start;
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
