// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A kernel that counts pins, or not */
#include "fake_pin_count.h"
#include "machine/pin_count.h"

struct fake_pin_count fake_pin_count;

uint64_t pin_count(void)
{
	return fake_pin_count.count += fake_pin_count.each_time;
}
