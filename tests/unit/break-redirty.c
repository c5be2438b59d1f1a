// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Breaks that come while pages are made dirty for another memory region: none
 * waits for longer than it has to.  The keeper's part runs here, on a clock that
 * only goes on with each chunk of pages.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "fakes/fake_redirty.h"
#include "lib/stopped.h"

#define START_NS (1000 * NSEC_PER_SEC)
#define FILES 2
#define A 0
#define B 1

static struct file files[FILES];
/* One memory region over each file, each in a context of its own */
static struct ibv_context contexts[FILES];
static struct ibv_mr mrs[FILES];

static unsigned int n_chunks, breaks_at;
static uint64_t chunk_ns;
static int breaks;
static bool is_stopped; /* during the first, for longer than lease-break-time */

/* Somebody breaks @breaks during the chunk @breaks_at, counted from 1. */
static void on_chunk(void)
{
	fake_clock_ns += chunk_ns;
	if (++n_chunks == breaks_at)
		fake_break_begin(&files[breaks]);
	if (is_stopped && n_chunks == 1) {
		fake_clock_ns += 100 * NSEC_PER_SEC;
		fake_lease_expire(&files[A]);
	}
}

static int setup(void **state)
{
	sigset_t signal;
	size_t i;

	/* For sigtimedwait(2) */
	sigemptyset(&signal);
	sigaddset(&signal, config_get()->signal);
	pthread_sigmask(SIG_BLOCK, &signal, NULL);

	/* The last call is after 30 s. */
	stopped_reset("40\n");
	fake_redirty = (struct fake_redirty){.n_chunks = 4,
					     .on_chunk = on_chunk};
	n_chunks = breaks_at = 0;
	is_stopped = false;
	chunk_ns = NSEC_PER_SEC;
	fake_clock_ns += START_NS;
	for (i = 0; i < FILES; i++) {
		file_make(&files[i], DISK, 1);
		mrs[i] = (struct ibv_mr){.context = &contexts[i], .lkey = i};
	}
	fake_fcntl_files(files, FILES);
	return 0;
}

/* As the keeper does, which has got the signals */
static uint64_t run(void)
{
	lease_wait(0);
	return revoke_broken();
}

/* Whatever the case left, goes. */
static int teardown(void **state)
{
	size_t i;

	fake_destroy = NEVER;
	fake_redirty.n_chunks = 0;
	revoke_all();
	assert_int_equal(stats.leases, 0);
	for (i = 0; i < FILES; i++) {
		stopped_forget(&contexts[i]);
		file_put(&files[i]);
	}
	return 0;
}

#define REDIRTY_CASE(fn) CASE_WITH(fn, setup, teardown)

static void hold(int i, unsigned int grace_s)
{
	struct guarded_mr *gmr;

	gmr = stopped_region(&lease_layout, &files[i], &mrs[i]);
	gmr->is_written = true;
	gmr->grace_ms = grace_s * 1000;
	assert_int_equal(track_add(gmr), 0);
	record_clear();
}

static void break_during(unsigned int chunk, int i)
{
	breaks_at = chunk;
	breaks = i;
}

REDIRTY_CASE(close__break_of_another_file_does_not_wait)
{
	hold(A, 0);
	hold(B, 0);
	break_during(2, B);
	revoke_context(&contexts[A]);
	assert_record("redirty, redirty, revoke 1, unlock b, revoke 0, unlock a");
	/* And nothing was left out. */
	assert_int_equal(n_chunks, 8);
}

REDIRTY_CASE(release__break_of_another_file_does_not_wait)
{
	hold(A, 0);
	hold(B, 0);
	break_during(2, B);
	assert_int_equal(revoke_mr(&mrs[A]), 0);
	assert_record("redirty, redirty, revoke 1, unlock b, revoke 0, unlock a");
	assert_int_equal(n_chunks, 8);
}

/* Also if the limit was never asked while there was no break */
REDIRTY_CASE(release__own_lease_is_broken_so_it_stops_in_time)
{
	hold(A, 0);
	chunk_ns = 10 * NSEC_PER_SEC;
	fake_redirty.n_chunks = 100;
	break_during(2, A);
	assert_int_equal(revoke_mr(&mrs[A]), 0);
	assert_record("redirty, late, revoke 0, unlock a");
	/* After two of them the break is noticed, 30 s before the last call. */
	assert_int_equal(n_chunks, 5);
}

static void stopped_during_the_break(unsigned int n)
{
	hold(A, 0);
	is_stopped = true;
	fake_redirty.n_chunks = n;
	fake_break_begin(&files[A]);
	run();
}

/* Whoever has broken it goes on, or has given up: there is no hurry any more. */
REDIRTY_CASE(break__process_was_stopped_for_longer_so_nothing_is_left_out)
{
	stopped_during_the_break(4);
	assert_record("redirty, revoke 0");
	assert_int_equal(n_chunks, 4);
}

/* But not for ever: a file system may be frozen. */
REDIRTY_CASE(break__process_was_stopped_for_longer_as_much_time_again)
{
	chunk_ns = 10 * NSEC_PER_SEC;
	stopped_during_the_break(100);
	assert_record("redirty, late, revoke 0");
	assert_int_equal(n_chunks, 4);
}

/* The other one was broken first, and is answered when its grace is over. */
REDIRTY_CASE(break__another_has_less_time)
{
	hold(B, 20);
	hold(A, 0);
	fake_break_begin(&files[B]);
	(void)run();
	assert_record("");
	fake_clock_ns += 10 * NSEC_PER_SEC;
	fake_break_begin(&files[A]);
	fake_redirty.n_chunks = 100;
	assert_int_equal(run(), UINT64_MAX);
	assert_record("redirty, redirty, late, revoke 1, unlock b, "
		      "late, revoke 0, unlock a");
	/* Until the last call of each, 30 s after its break */
	assert_int_equal(n_chunks, 30);
}

/* It is late already, and would be anyway. */
REDIRTY_CASE(break__one_that_cannot_be_revoked_does_not_hurry)
{
	hold(B, 0);
	hold(A, 0);
	fake_destroy = ALWAYS(EBUSY);
	fake_break_begin(&files[B]);
	(void)run();
	fake_clock_ns += 50 * NSEC_PER_SEC;
	fake_destroy = NEVER;
	fake_break_begin(&files[A]);
	n_chunks = 0;
	record_clear();
	(void)run();
	assert_record("revoke 1, unlock b, redirty, revoke 0, unlock a");
	assert_int_equal(n_chunks, 4);
}

/* It is tried again every 10 ms, and what comes late is said by redirty(). */
REDIRTY_CASE(cannot_be_revoked__too_late_once)
{
	hold(A, 0);
	fake_destroy = ALWAYS(EBUSY);
	fake_break_begin(&files[A]);
	(void)run();
	assert_record("redirty, revoke 0");
	/* The device goes on writing. */
	fake_clock_ns += 10 * NSEC_PER_MSEC;
	(void)run();
	assert_record("redirty, revoke 0");
	fake_clock_ns += 30 * NSEC_PER_SEC;
	(void)run();
	(void)run();
	assert_record("revoke 0, revoke 0");
}

static bool a_was_gone;

static void look_for_a(void)
{
	a_was_gone = !fake_lease_exists(&files[A]);
}

/* There may be more to make dirty for the second. */
REDIRTY_CASE(two_breaks__first_is_released_before_the_second)
{
	hold(A, 0);
	hold(B, 0);
	fake_break_begin(&files[A]);
	fake_break_begin(&files[B]);
	fake_redirty.on_chunk = look_for_a;
	assert_int_equal(run(), UINT64_MAX);
	assert_record("redirty, revoke 0, unlock a, redirty, revoke 1, unlock b");
	assert_true(a_was_gone);
}

/* Each stays alive, and both leases are being broken: nobody goes in circles. */
REDIRTY_CASE(exit__nothing_can_be_revoked)
{
	hold(A, 0);
	hold(B, 0);
	fake_break_begin(&files[A]);
	fake_break_begin(&files[B]);
	fake_destroy = ALWAYS(EBUSY);
	revoke_all();
	assert_in_range(stats.revoke_failures, 2, 8);
	assert_int_equal(stats.guarded_mrs, 2);
}
