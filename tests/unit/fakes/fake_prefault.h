/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "../lib/fault.h"
#include "memory/prefault.h"

struct fake_prefault {
	struct fault prefault;
	struct fault why;
	struct fault check_blocks;
};

extern struct fake_prefault fake_prefault;
