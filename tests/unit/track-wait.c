// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * One winner: a thread of the program that deregisters waits for the keeper and
 * for other threads.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/tracked.h"
#include "lib/wait.h"

static struct ibv_mr *const mr = &tracked_mrs[0];
static struct track_move move;

/* A thread that begins to deregister, or to move */
struct dereg {
	pthread_t thread;
	bool moves;
	struct track_move move;
	int tid;
	int result;
	bool is_done;
	struct guarded_mr *gmr;
};

static void *dereg_main(void *arg)
{
	struct dereg *dereg = arg;

	__atomic_store_n(&dereg->tid, gettid(), __ATOMIC_SEQ_CST);
	dereg->result =
		dereg->moves ? track_begin_rereg(mr, &dereg->move, &dereg->gmr)
			     : track_begin_dereg(mr, &dereg->gmr);
	__atomic_store_n(&dereg->is_done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool has_begun(void *arg)
{
	struct dereg *dereg = arg;

	return __atomic_load_n(&dereg->tid, __ATOMIC_SEQ_CST);
}

static bool is_done(struct dereg *dereg)
{
	return __atomic_load_n(&dereg->is_done, __ATOMIC_SEQ_CST);
}

/* Starts it; it must come to wait. */
static void start_one(struct dereg *dereg, bool moves)
{
	*dereg = (struct dereg){ .moves = moves };
	assert_int_equal(
		pthread_create(&dereg->thread, NULL, dereg_main, dereg), 0);
	assert_true(wait_until(has_begun, dereg));
	assert_true(wait_until_asleep(dereg->tid));
	assert_false(is_done(dereg));
}

static void start(struct dereg *dereg)
{
	start_one(dereg, false);
}

static void finish(struct dereg *dereg)
{
	assert_int_equal(pthread_join(dereg->thread, NULL), 0);
}

TRACKED_CASE(being_revoked__waits_for_the_zombie)
{
	struct guarded_mr *gmr = tracked_add(mr, 1);
	struct dereg dereg;

	assert_ptr_equal(track_claim_lease(gmr->leases[0], 1), gmr);
	start(&dereg);
	track_claim_done(gmr, true);
	finish(&dereg);
	assert_int_equal(dereg.result, 0);
	assert_ptr_equal(dereg.gmr, gmr);
	assert_int_equal(tracked_state(gmr), MR_DEREGISTERING);
	/* Its leases have gone with the kernel's MR. */
	assert_int_equal(track_remove(gmr), 0);
	track_free(gmr);
}

TRACKED_CASE(revoke_failed__gets_it_alive)
{
	struct guarded_mr *gmr = tracked_add(mr, 1);
	struct dereg dereg;

	assert_ptr_equal(track_claim_lease(gmr->leases[0], 1), gmr);
	start(&dereg);
	track_claim_done(gmr, false);
	finish(&dereg);
	assert_int_equal(dereg.result, 0);
	assert_int_equal(track_remove(gmr), 1);
	track_free(gmr);
}

TRACKED_CASE(two_threads__the_second_gets_EINVAL)
{
	struct guarded_mr *gmr = tracked_add(mr, 1), *found;
	struct dereg dereg;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	start(&dereg);
	assert_int_equal(track_remove(gmr), 1);
	track_free(gmr);
	finish(&dereg);
	assert_int_equal(dereg.result, EINVAL);
	assert_null(dereg.gmr);
}

TRACKED_CASE(two_threads__first_fails_second_gets_it)
{
	struct guarded_mr *gmr = tracked_add(mr, 1), *found;
	struct dereg dereg;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	start(&dereg);
	track_keep(gmr);
	finish(&dereg);
	assert_int_equal(dereg.result, 0);
	assert_ptr_equal(dereg.gmr, gmr);
}

TRACKED_CASE(being_moved__waits_and_gets_the_new_one)
{
	struct guarded_mr *old = tracked_add(mr, 1), *new = tracked_new(mr, 2);
	struct guarded_mr *found;
	struct dereg dereg;

	assert_int_equal(track_begin_rereg(mr, &move, &found), 0);
	start(&dereg);
	track_replace(old, new);
	track_free(old);
	finish(&dereg);
	assert_int_equal(dereg.result, 0);
	assert_ptr_equal(dereg.gmr, new);
}

/* By mistake, but there must not be two entries of one memory region. */
TRACKED_CASE(being_moved_unguarded__another_that_moves_it_waits)
{
	struct guarded_mr *gmr = tracked_new(mr, 1), *found = NULL;
	struct dereg rereg;

	assert_int_equal(track_begin_rereg(mr, &move, &found), ENOENT);
	start_one(&rereg, true);
	track_replace(NULL, gmr);
	track_end_unguarded(&move);
	finish(&rereg);
	assert_int_equal(rereg.result, 0);
	assert_ptr_equal(rereg.gmr, gmr);
	track_keep(gmr);
}

TRACKED_CASE(moved_unguarded__the_next_may)
{
	struct guarded_mr *found = NULL;
	struct dereg rereg;

	assert_int_equal(track_begin_rereg(mr, &move, &found), ENOENT);
	start_one(&rereg, true);
	track_end_unguarded(&move);
	finish(&rereg);
	assert_int_equal(rereg.result, ENOENT);
	track_end_unguarded(&rereg.move);
}

/* It must not be taken for one that was never guarded. */
TRACKED_CASE(gone_while_revoked__EINVAL)
{
	struct guarded_mr *gmr = tracked_add(mr, 1);
	struct dereg dereg;

	assert_ptr_equal(track_claim_lease(gmr->leases[0], 1), gmr);
	start(&dereg);
	assert_ptr_equal(track_detach_context(mr->context), gmr);
	track_free(gmr);
	/* Any change of state wakes whoever waits for one. */
	(void)tracked_add(&tracked_mrs[1], 1);
	finish(&dereg);
	assert_int_equal(dereg.result, EINVAL);
}
