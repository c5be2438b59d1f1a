// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the policy makes of a break: a time of grace, which lease-break-time
 * bounds, or on_break=hold.  The keeper's part runs here, on a clock that
 * stands still.
 */
#include <errno.h>
#include <string.h>

#include "lease_barrier.h"
#include "lib/stopped.h"

static void assert_revoked_at(unsigned int ms)
{
	if (ms) {
		assert_int_equal(stopped_run_at(0), STOPPED_SOON);
		assert_int_equal(stopped_run_at(ms - 1), STOPPED_SOON);
		assert_record("");
	}
	assert_int_equal(stopped_run_at(ms), UINT64_MAX);
	assert_record("revoke 1, unlock a");
	assert_int_equal(stats.revoked_mrs, 1);
	assert_int_equal(stats.breaks, 1);
}

/* The policy has @grace_ms, and the region is there until @ms. */
static void broken_with_grace(const struct lease_backend *backend, int grace_ms,
			      unsigned int ms)
{
	fake_config.policy.grace_ms = grace_ms;
	stopped_hold(backend);
	fake_break_begin(&stopped_file);
	assert_revoked_at(ms);
}

STOPPED_CASE(no_grace__revoked_at_once)
{
	broken_with_grace(&lease_layout, 0, 0);
}

STOPPED_CASE(grace__revoked_after_it)
{
	broken_with_grace(&lease_layout, 300, 300);
}

STOPPED_CASE(grace__of_ordinary_leases_too)
{
	broken_with_grace(&stopped_blind, 300, 300);
}

/* The rest is for the revoke itself. */
STOPPED_CASE(long_grace__half_of_lease_break_time)
{
	broken_with_grace(&lease_layout, 600000, 22500);
}

STOPPED_CASE(short_lease_break_time__half_of_it)
{
	fake_open_reset();
	fake_open_file("/proc/sys/fs/lease-break-time", "1\n");
	broken_with_grace(&lease_layout, 501, 500);
}

STOPPED_CASE(no_lease_break_time__as_long_as_wanted)
{
	fake_open_reset();
	fake_open_file("/proc/sys/fs/lease-break-time", "0\n");
	broken_with_grace(&lease_layout, 100000, 100000);
}

/* The keeper may have no descriptor left then. */
STOPPED_CASE(lease_break_time_unreadable__that_of_the_take)
{
	fake_open_file("/proc/sys/fs/lease-break-time", "10\n");
	fake_config.policy.grace_ms = 600000;
	stopped_hold(&lease_layout);
	fake_open_fails("/proc/sys/fs/lease-break-time", EMFILE);
	fake_break_begin(&stopped_file);
	assert_revoked_at(5000);
}

STOPPED_CASE(lease_break_time_changed__that_of_the_break)
{
	fake_open_file("/proc/sys/fs/lease-break-time", "10\n");
	fake_config.policy.grace_ms = 600000;
	stopped_hold(&lease_layout);
	fake_open_file("/proc/sys/fs/lease-break-time", "4\n");
	fake_break_begin(&stopped_file);
	assert_revoked_at(2000);
}

/* The program deregisters in time. */
STOPPED_CASE(grace__used_by_the_program)
{
	struct guarded_mr *gmr;
	struct lease *lease;

	fake_config.policy.grace_ms = 300;
	lease = stopped_hold(&lease_layout);
	fake_break_begin(&stopped_file);
	assert_int_equal(stopped_run_at(0), STOPPED_SOON);
	assert_int_equal(track_begin_dereg(&stopped_mr, &gmr), 0);
	assert_int_equal(track_remove(gmr), 1);
	lease_put(lease);
	track_free(gmr);
	assert_record("unlock a");
	assert_int_equal(stopped_run_at(1), UINT64_MAX);
	assert_int_equal(stats.revoked_mrs, 0);
}

/* It waits in the system call itself, and would wait for nothing. */
STOPPED_CASE(grace__not_for_a_break_by_the_program)
{
	fake_config.policy.grace_ms = 300;
	stopped_hold(&stopped_blind);
	assert_int_equal(lease_break_blind(stopped_file.dev, stopped_file.ino), 1);
	assert_revoked_at(0);
}

STOPPED_CASE(break_by_the_program__not_of_a_layout_lease)
{
	stopped_hold(&lease_layout);
	assert_int_equal(lease_break_blind(stopped_file.dev, stopped_file.ino), 0);
	assert_int_equal(stopped_run_at(0), UINT64_MAX);
	assert_record("");
	assert_int_equal(stats.breaks, 0);
}

STOPPED_CASE(break_by_the_program__other_file)
{
	stopped_hold(&stopped_blind);
	assert_int_equal(lease_break_blind(stopped_file.dev, stopped_file.ino + 1), 0);
	assert_true(lease_exists_blind(stopped_file.dev, stopped_file.ino));
	assert_false(lease_exists_blind(stopped_file.dev, stopped_file.ino + 1));
	assert_false(lease_exists_blind(stopped_file.dev + 1, stopped_file.ino));
	assert_int_equal(stats.breaks, 0);
}

STOPPED_CASE(exists_blind__not_for_a_layout_lease)
{
	assert_false(lease_exists_any_blind());
	stopped_hold(&lease_layout);
	assert_false(lease_exists_blind(stopped_file.dev, stopped_file.ino));
	assert_false(lease_exists_any_blind());
}

STOPPED_CASE(exists_blind__for_an_ordinary_lease)
{
	stopped_hold(&stopped_blind);
	assert_true(lease_exists_blind(stopped_file.dev, stopped_file.ino));
	assert_true(lease_exists_any_blind());
}

static size_t count(const char *what)
{
	const char *text = file_text(stopped_log.path);
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

STOPPED_CASE(hold__region_stays)
{
	fake_config.policy.hold_on_break = true;
	stopped_hold(&lease_layout);
	fake_break_begin(&stopped_file);
	assert_int_equal(stopped_run_at(0), STOPPED_SOON);
	assert_int_equal(stopped_run_at(40000), STOPPED_SOON);
	assert_int_equal(stats.revoked_mrs, 0);
	assert_int_equal(stats.guarded_mrs, 1);
	assert_int_equal(count("on_break=hold"), 1);
	assert_null(strstr(record_text(), "revoke"));
	assert_null(strstr(record_text(), "unlock"));
	fake_break_end(&stopped_file);
}

/* The kernel has removed the lease at the end of lease-break-time. */
STOPPED_CASE(hold__lease_is_taken_again_armed)
{
	struct lease *lease;

	fake_config.policy.hold_on_break = true;
	lease = stopped_hold(&lease_layout);
	fake_break_begin(&stopped_file);
	assert_int_equal(stopped_run_at(0), STOPPED_SOON);
	fake_lease_expire(&stopped_file);
	assert_int_equal(stopped_run_at(45000), STOPPED_SOON);
	assert_false(lease_is_held(lease));
	fake_break_end(&stopped_file);
	record_clear();
	assert_int_equal(stopped_run_at(45010), UINT64_MAX);
	assert_record("signal a, owner a, lease a");
	assert_true(lease_is_held(lease));
	assert_true(fake_is_armed(&stopped_file));
	assert_int_equal(stats.guarded_mrs, 1);
}

/* Whoever had to give up may have taken blocks that no device had. */
STOPPED_CASE(hold__blocks_are_not_known_any_more)
{
	struct lease *lease;

	fake_config.policy.hold_on_break = true;
	lease = stopped_hold(&lease_layout);
	lease_note_blocks(lease, 0, 4096);
	assert_true(lease_has_blocks(lease, 0, 4096));
	fake_break_begin(&stopped_file);
	assert_int_equal(stopped_run_at(0), STOPPED_SOON);
	fake_break_end(&stopped_file);
	assert_int_equal(stopped_run_at(10), UINT64_MAX);
	assert_true(lease_is_held(lease));
	assert_false(lease_has_blocks(lease, 0, 4096));
}

STOPPED_CASE(hold__next_break_is_held_too)
{
	fake_config.policy.hold_on_break = true;
	stopped_hold(&lease_layout);
	fake_break_begin(&stopped_file);
	assert_int_equal(stopped_run_at(0), STOPPED_SOON);
	fake_break_end(&stopped_file);
	assert_int_equal(stopped_run_at(10), UINT64_MAX);
	fake_break_begin(&stopped_file);
	assert_int_equal(stopped_run_at(20), STOPPED_SOON);
	assert_int_equal(stats.breaks, 2);
	assert_int_equal(stats.guarded_mrs, 1);
	assert_int_equal(count("on_break=hold"), 2);
	fake_break_end(&stopped_file);
	assert_int_equal(stopped_run_at(30), UINT64_MAX);
}

/* The kernel takes such a lease away and goes on, so holding guards nothing. */
STOPPED_CASE(hold_with_an_ordinary_lease__revoked)
{
	fake_config.policy.hold_on_break = true;
	broken_with_grace(&stopped_blind, 0, 0);
}

/* Its blocks are about to go: whoever comes now has to wait for a new one. */
STOPPED_CASE(being_broken__nobody_joins)
{
	struct backing backing = stopped_backing(&stopped_file);
	struct lease *lease = stopped_hold(&lease_layout), *other = NULL;
	struct cause why = { 0 };

	fake_break_begin(&stopped_file);
	/* The keeper has noticed, the program has not given it back. */
	lease_scan();
	assert_int_equal(lease_take(&lease_layout, &backing, &why, &other),
			 EAGAIN);
	assert_null(other);
	assert_int_equal(why.kind, CAUSE_BREAK);
	assert_int_equal(PS_LOCKED(&table_lock, lease->holders), 1);
	fake_break_end(&stopped_file);
	(void)stopped_run_at(0);
}
