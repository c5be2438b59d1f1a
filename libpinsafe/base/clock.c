// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <stdatomic.h>

#include "base/clock.h"

/* Where a sandbox forbids to ask, what waits for a time to pass ends all the same. */
#define STEP_NS NSEC_PER_MSEC

uint64_t clock_now_ns(void)
{
	static _Atomic uint64_t last_ns;
	struct timespec ts;
	uint64_t now_ns;

	if (sys_clock_gettime(CLOCK_MONOTONIC, &ts))
		return atomic_fetch_add(&last_ns, STEP_NS) + STEP_NS;
	now_ns = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	atomic_store(&last_ns, now_ns);
	return now_ns;
}
