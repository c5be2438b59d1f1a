/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdint.h>

/* What CLOCK_MONOTONIC says; it stands still. */
extern uint64_t fake_clock_ns;
