/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>

extern struct fake_pages {
	bool are_unknown;	/* nothing is recalled */
	bool seem_anonymous, are_anonymous;
	size_t n_noted;
} fake_pages;
