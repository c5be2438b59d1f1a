/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Counters of pinsafe_get_stats(); any thread may change them at any time. */
#pragma once

#include <infiniband/pinsafe.h>

extern struct pinsafe_stats stats;

#define stats_add(field, n) \
	((void)__atomic_add_fetch(&stats.field, (n), __ATOMIC_RELAXED))
#define stats_get(field) __atomic_load_n(&stats.field, __ATOMIC_RELAXED)
#define stats_set(field, value) \
	__atomic_store_n(&stats.field, (value), __ATOMIC_RELAXED)

/* A lease was released @ns after its break; @break_time_ns: 0 is for ever */
void stats_add_revoke(uint64_t ns, uint64_t break_time_ns);
/* A registration was refused. */
void stats_add_refusal(int error);
void stats_reset(void);
