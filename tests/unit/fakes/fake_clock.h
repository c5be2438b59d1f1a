/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include <stdint.h>

/* What CLOCK_MONOTONIC says; it stands still. */
extern uint64_t fake_clock_ns;

#endif /* FAKE_CLOCK_H */
