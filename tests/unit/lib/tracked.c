// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <stdlib.h>
#include <string.h>

#include "tracked.h"

struct ibv_context tracked_contexts[2];
struct ibv_mr tracked_mrs[4];
static uint64_t round_number = 1000;

int tracked_setup(void **state)
{
	size_t i;

	memset(&stats, 0, sizeof(stats));
	memset(&fake_lease, 0, sizeof(fake_lease));
	memset(tracked_mrs, 0, sizeof(tracked_mrs));
	for (i = 0; i < N_OF(tracked_mrs); i++)
		tracked_mrs[i].context = &tracked_contexts[0];
	return 0;
}

int tracked_teardown(void **state)
{
	struct guarded_mr *gmr, *next;
	size_t i;

	for (i = 0; i < N_OF(tracked_contexts); i++) {
		gmr = track_detach_context(&tracked_contexts[i]);
		for (; gmr; gmr = next) {
			next = gmr->next;
			track_free(gmr);
		}
	}
	return 0;
}

struct guarded_mr *tracked_new(struct ibv_mr *mr, int lease)
{
	struct guarded_mr *gmr = track_alloc(1);

	assert_non_null(gmr);
	gmr->mr = mr;
	gmr->context = mr->context;
	gmr->n_leases = 1;
	gmr->leases[0] = &fake_lease.leases[lease];
	return gmr;
}

struct guarded_mr *tracked_add(struct ibv_mr *mr, int lease)
{
	struct guarded_mr *gmr = tracked_new(mr, lease);

	assert_int_equal(track_add(gmr), 0);
	return gmr;
}

struct guarded_mr *tracked_zombie(struct ibv_mr *mr, int lease)
{
	struct guarded_mr *gmr = tracked_add(mr, lease);

	assert_ptr_equal(track_claim_lease(&fake_lease.leases[lease],
					   round_number++),
			 gmr);
	track_claim_done(gmr, true);
	return gmr;
}

enum mr_state tracked_state(const struct guarded_mr *gmr)
{
	enum mr_state state;

	ps_lock(&table_lock);
	state = gmr->state;
	ps_unlock(&table_lock);
	return state;
}

void tracked_counts(uint64_t guarded, uint64_t zombies)
{
	assert_int_equal(stats.guarded_mrs, guarded);
	assert_int_equal(stats.zombie_mrs, zombies);
}
