// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The states of a guarded memory region: each transition, and the counters */
#include <errno.h>
#include <stdlib.h>

#include "lib/tracked.h"

static struct ibv_mr *const mr = &tracked_mrs[0];
static struct track_move move;

TRACKED_CASE(add__alive)
{
	struct guarded_mr *gmr = tracked_add(mr, 1);

	assert_int_equal(tracked_state(gmr), MR_ALIVE);
	assert_true(track_has(mr));
	assert_false(track_has(&tracked_mrs[1]));
	tracked_counts(1, 0);
}

TRACKED_CASE(add__lease_broken_EAGAIN)
{
	struct guarded_mr *gmr = tracked_new(mr, 1);

	fake_lease.is_held_locked = ALWAYS(1);
	assert_int_equal(track_add(gmr), EAGAIN);
	assert_false(track_has(mr));
	tracked_counts(0, 0);
	track_free(gmr);
}

TRACKED_CASE(add__second_lease_broken_EAGAIN)
{
	struct guarded_mr *gmr = track_alloc(2);

	gmr->mr = mr;
	gmr->n_leases = 2;
	gmr->leases[0] = &fake_lease.leases[1];
	gmr->leases[1] = &fake_lease.leases[2];
	fake_lease.is_held_locked = ONCE_AT(2, 1);
	assert_int_equal(track_add(gmr), EAGAIN);
	assert_false(track_has(mr));
	track_free(gmr);
}

TRACKED_CASE(add_orphan__lease_broken_all_the_same)
{
	struct guarded_mr *gmr = tracked_new(mr, 1);

	fake_lease.is_held_locked = ALWAYS(1);
	track_add_orphan(gmr);
	assert_true(track_has(mr));
	tracked_counts(1, 0);
	assert_ptr_equal(track_claim_lease(gmr->leases[0], 1), gmr);
	track_claim_done(gmr, true);
}

TRACKED_CASE(dereg__unknown_ENOENT)
{
	struct guarded_mr *gmr = NULL;

	assert_int_equal(track_begin_dereg(mr, &gmr), ENOENT);
	assert_null(gmr);
}

TRACKED_CASE(dereg__alive)
{
	struct guarded_mr *gmr = tracked_add(mr, 1), *found = NULL;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_ptr_equal(found, gmr);
	assert_int_equal(tracked_state(gmr), MR_DEREGISTERING);
	assert_int_equal(track_remove(gmr), 1);
	assert_false(track_has(mr));
	tracked_counts(0, 0);
	track_free(gmr);
	assert_int_equal(track_begin_dereg(mr, &found), ENOENT);
}

TRACKED_CASE(dereg__zombie_has_no_leases)
{
	struct guarded_mr *gmr = tracked_zombie(mr, 1), *found;

	tracked_counts(0, 1);
	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_ptr_equal(found, gmr);
	assert_int_equal(track_remove(gmr), 0);
	tracked_counts(0, 0);
	track_free(gmr);
}

TRACKED_CASE(dereg_failed__alive_again)
{
	struct guarded_mr *gmr = tracked_add(mr, 1), *found;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	track_keep(gmr);
	assert_int_equal(tracked_state(gmr), MR_ALIVE);
	tracked_counts(1, 0);
	assert_ptr_equal(track_claim_lease(gmr->leases[0], 1), gmr);
	track_claim_done(gmr, true);
}

TRACKED_CASE(dereg_failed__zombie_again)
{
	struct guarded_mr *gmr = tracked_zombie(mr, 1), *found;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	track_keep(gmr);
	assert_int_equal(tracked_state(gmr), MR_ZOMBIE);
	tracked_counts(0, 1);
}

TRACKED_CASE(rereg__nobody_claims_it)
{
	struct guarded_mr *gmr = tracked_add(mr, 1), *found;

	assert_int_equal(track_begin_rereg(mr, &move, &found), 0);
	assert_ptr_equal(found, gmr);
	assert_int_equal(tracked_state(gmr), MR_REREGISTERING);
	tracked_counts(1, 0);
	assert_null(track_claim_lease(gmr->leases[0], 1));
	assert_null(track_claim_mr(mr, 2));
	track_keep(gmr);
	assert_int_equal(tracked_state(gmr), MR_ALIVE);
}

TRACKED_CASE(rereg__zombie_ESTALE)
{
	struct guarded_mr *gmr = tracked_zombie(mr, 1), *found = NULL;

	assert_int_equal(track_begin_rereg(mr, &move, &found), ESTALE);
	assert_null(found);
	assert_int_equal(tracked_state(gmr), MR_ZOMBIE);
}

TRACKED_CASE(rereg__not_guarded_ENOENT)
{
	struct guarded_mr *found = NULL;

	assert_int_equal(track_begin_rereg(mr, &move, &found), ENOENT);
	assert_null(found);
	assert_false(track_has(mr));
	track_end_unguarded(&move);
}

TRACKED_CASE(replaced__the_new_one_is_alive)
{
	struct guarded_mr *old = tracked_add(mr, 1), *new = tracked_new(mr, 2);
	struct guarded_mr *found;

	assert_int_equal(track_begin_rereg(mr, &move, &found), 0);
	track_replace(old, new);
	tracked_counts(1, 0);
	assert_int_equal(tracked_state(new), MR_ALIVE);
	assert_null(track_claim_lease(old->leases[0], 1));
	track_free(old);
	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_ptr_equal(found, new);
	track_keep(new);
}

/* The keeper revokes it, then. */
TRACKED_CASE(replaced_after_a_break__alive)
{
	struct guarded_mr *new = tracked_new(mr, 2);

	fake_lease.is_held_locked = ALWAYS(1);
	track_replace(NULL, new);
	tracked_counts(1, 0);
	assert_ptr_equal(track_claim_lease(new->leases[0], 1), new);
	track_claim_done(new, true);
}

TRACKED_CASE(claim__revoking)
{
	struct guarded_mr *gmr = tracked_add(mr, 1);

	assert_ptr_equal(track_claim_lease(gmr->leases[0], 1), gmr);
	assert_int_equal(tracked_state(gmr), MR_REVOKING);
	tracked_counts(1, 0);
	track_claim_done(gmr, true);
	assert_int_equal(tracked_state(gmr), MR_ZOMBIE);
	tracked_counts(0, 1);
}

TRACKED_CASE(claim__once_per_round)
{
	struct guarded_mr *gmr = tracked_add(mr, 1);

	assert_ptr_equal(track_claim_lease(gmr->leases[0], 1), gmr);
	track_claim_done(gmr, false);
	assert_int_equal(tracked_state(gmr), MR_ALIVE);
	tracked_counts(1, 0);
	assert_null(track_claim_lease(gmr->leases[0], 1));
	assert_ptr_equal(track_claim_lease(gmr->leases[0], 2), gmr);
	track_claim_done(gmr, true);
	tracked_counts(0, 1);
}

TRACKED_CASE(claim__of_the_lease_only)
{
	struct guarded_mr *first = tracked_add(&tracked_mrs[0], 1);
	struct guarded_mr *second = tracked_add(&tracked_mrs[1], 2);

	assert_ptr_equal(track_claim_lease(&fake_lease.leases[2], 1), second);
	assert_null(track_claim_lease(&fake_lease.leases[2], 1));
	assert_ptr_equal(track_claim_lease(&fake_lease.leases[1], 1), first);
	assert_null(track_claim_lease(&fake_lease.leases[3], 1));
}

TRACKED_CASE(claim__second_lease_counts)
{
	struct guarded_mr *gmr = track_alloc(2);

	gmr->mr = mr;
	gmr->context = mr->context;
	gmr->n_leases = 2;
	gmr->leases[0] = &fake_lease.leases[1];
	gmr->leases[1] = &fake_lease.leases[2];
	assert_int_equal(track_add(gmr), 0);
	assert_ptr_equal(track_claim_lease(&fake_lease.leases[2], 1), gmr);
}

TRACKED_CASE(claim__of_the_context_only)
{
	struct guarded_mr *gmr;

	tracked_mrs[1].context = &tracked_contexts[1];
	(void)tracked_add(&tracked_mrs[0], 1);
	gmr = tracked_add(&tracked_mrs[1], 1);
	assert_ptr_equal(track_claim_context(&tracked_contexts[1], 1), gmr);
	assert_null(track_claim_context(&tracked_contexts[1], 1));
}

TRACKED_CASE(claim__not_what_the_program_destroys)
{
	struct guarded_mr *gmr = tracked_add(mr, 1), *found;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_null(track_claim_lease(gmr->leases[0], 1));
}

TRACKED_CASE(claim__not_a_zombie)
{
	struct guarded_mr *gmr = tracked_zombie(mr, 1);

	assert_null(track_claim_lease(gmr->leases[0], 1));
}

TRACKED_CASE(address_used_again__the_new_one_is_meant)
{
	struct guarded_mr *old = tracked_add(mr, 1), *new, *found;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	/* The provider has freed the struct, and another thread got it. */
	new = tracked_add(mr, 2);
	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_ptr_equal(found, new);
	assert_int_equal(track_remove(old), 1);
	assert_true(track_has(mr));
	assert_int_equal(track_remove(new), 1);
	assert_false(track_has(mr));
	track_free(old);
	track_free(new);
}

TRACKED_CASE(detach__alive_are_returned)
{
	struct guarded_mr *alive, *other, *gmr;

	tracked_mrs[2].context = &tracked_contexts[1];
	alive = tracked_add(&tracked_mrs[0], 1);
	(void)tracked_zombie(&tracked_mrs[1], 2);
	other = tracked_add(&tracked_mrs[2], 1);
	tracked_counts(2, 1);
	gmr = track_detach_context(&tracked_contexts[0]);
	assert_ptr_equal(gmr, alive);
	assert_null(gmr->next);
	tracked_counts(1, 0);
	assert_false(track_has(&tracked_mrs[0]));
	assert_false(track_has(&tracked_mrs[1]));
	assert_true(track_has(&tracked_mrs[2]));
	assert_ptr_equal(track_claim_context(&tracked_contexts[1], 1), other);
	track_free(alive);
}

TRACKED_CASE(detach__several)
{
	struct guarded_mr *gmr, *next;
	size_t i, n = 0;

	for (i = 0; i < N_OF(tracked_mrs); i++)
		(void)tracked_add(&tracked_mrs[i], 1);
	gmr = track_detach_context(&tracked_contexts[0]);
	for (; gmr; gmr = next) {
		next = gmr->next;
		track_free(gmr);
		n++;
	}
	assert_int_equal(n, N_OF(tracked_mrs));
	tracked_counts(0, 0);
}

TRACKED_CASE(make_zombies__all)
{
	struct guarded_mr *found;

	(void)tracked_zombie(&tracked_mrs[1], 1);
	(void)tracked_add(&tracked_mrs[0], 1);
	(void)tracked_add(&tracked_mrs[2], 1);
	assert_int_equal(track_begin_dereg(&tracked_mrs[2], &found), 0);
	ps_lock(&table_lock);
	track_make_zombies();
	ps_unlock(&table_lock);
	assert_null(track_claim_context(NULL, 1));
	/* In the child nobody destroys it any more. */
	assert_int_equal(track_begin_dereg(&tracked_mrs[2], &found), 0);
	assert_true(track_swallow_dereg(&tracked_mrs[0]));
	assert_true(track_swallow_dereg(&tracked_mrs[1]));
	assert_true(track_swallow_dereg(&tracked_mrs[2]));
}
