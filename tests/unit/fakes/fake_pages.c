// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the pages of a range are, before and after it is pinned */
#include "fake_pages.h"
#include "memory/mapping.h"

struct fake_pages fake_pages;

bool pages_are_anonymous(uintptr_t addr, size_t length)
{
	return fake_pages.are_anonymous;
}

bool pages_recall(uintptr_t addr, size_t length, bool *ret_are_anonymous)
{
	*ret_are_anonymous = fake_pages.seem_anonymous;
	return !fake_pages.are_unknown;
}

void pages_note(uintptr_t addr, size_t length, bool are_anonymous)
{
	fake_pages.n_noted += are_anonymous;
}
