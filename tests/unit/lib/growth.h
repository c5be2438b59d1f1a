/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * How a cost grows with the number of things, which no machine and no load
 * changes much: the exponent of the power that fits best.  Never a time.
 */
#pragma once

#include <stddef.h>

#define GROWTH_SIZES 3

/* What the cost may be taken for; quadratic is 2 */
#define GROWTH_FLAT 0.4
#define GROWTH_LINEAR 1.5

/*
 * @run makes things of the size, and returns the CPU time of the part that is
 * meant, in ns; the least of some rounds counts.
 */
double growth_exponent(const char *what, const size_t sizes[GROWTH_SIZES],
		       double (*run)(size_t size));

/* CPU time of this thread in ns */
double growth_now(void);
