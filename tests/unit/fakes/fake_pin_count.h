/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdint.h>

/* What the kernel has counted: 0, nobody counts; more each time it is asked */
extern struct fake_pin_count {
	uint64_t count, each_time;
} fake_pin_count;
