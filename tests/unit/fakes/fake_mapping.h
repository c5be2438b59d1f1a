/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "../lib/fault.h"
#include "base/cause.h"
#include "memory/mapping.h"

struct fake_mapping {
	size_t n_parts;
	struct mapping_part parts[3];
	struct fault classify;
	/* Calls that find another offset, or no file any more */
	unsigned int changes_at, vanishes_at;
	struct cause private_dax; /* that mapping_has_private_dax() finds */
	struct cause bad_part; /* that mapping_find_fault() finds */
};

extern struct fake_mapping fake_mapping;

/* Of this kind, with inodes 1, 2... */
void fake_mapping_set(size_t n_parts, enum mapping_kind kind);
