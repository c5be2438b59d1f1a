/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* track.c with entries of the test */
#pragma once

#include "../fakes/fake_lease.h"
#include "base/stats.h"
#include "test.h"
#include "track.h"

extern struct ibv_context tracked_contexts[2];
extern struct ibv_mr tracked_mrs[4];

/* No leases broken, counters at 0; for each case */
int tracked_setup(void **state);
/* Forgets all entries. */
int tracked_teardown(void **state);

/* An entry for @mr, holder of fake_lease.leases[@lease], not added yet */
struct guarded_mr *tracked_new(struct ibv_mr *mr, int lease);
/* The same, and added */
struct guarded_mr *tracked_add(struct ibv_mr *mr, int lease);
/* The same, and revoked */
struct guarded_mr *tracked_zombie(struct ibv_mr *mr, int lease);

enum mr_state tracked_state(const struct guarded_mr *gmr);
void tracked_counts(uint64_t guarded, uint64_t zombies);

#define TRACKED_CASE(fn) CASE_WITH(fn, tracked_setup, tracked_teardown)
