// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Counters that take more than an addition. */
#include <errno.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/stats.h"

struct pinsafe_stats stats = { .least_margin_ns = UINT64_MAX };

static void lower_margin(uint64_t margin_ns)
{
	uint64_t seen = stats_get(least_margin_ns);

	while (margin_ns < seen &&
	       !__atomic_compare_exchange_n(&stats.least_margin_ns, &seen,
					    margin_ns, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
}

void stats_add_revoke(uint64_t ns, uint64_t break_time_ns)
{
	uint64_t limit = NSEC_PER_MSEC;
	size_t i;

	stats_set(last_revoke_ns, ns);
	for (i = 0; i < PINSAFE_STATS_REVOKE_BUCKETS - 1 && ns >= limit; i++)
		limit *= 4;
	stats_add(revoke_histogram[i], 1);
	if (break_time_ns)
		lower_margin(ns < break_time_ns ? break_time_ns - ns : 0);
}

void stats_add_refusal(int error)
{
	stats_add(refusals, 1);
	if (error == ENOSPC || error == EDQUOT)
		stats_add(refused_space, 1);
	else if (error == EACCES || error == EPERM)
		stats_add(refused_permission, 1);
	else if (error == EAGAIN || error == EBUSY)
		stats_add(refused_busy, 1);
	else if (error == EOPNOTSUPP)
		stats_add(refused_unsupported, 1);
	else
		stats_add(refused_other, 1);
}

void stats_reset(void)
{
	stats = (struct pinsafe_stats){ .least_margin_ns = UINT64_MAX };
}
