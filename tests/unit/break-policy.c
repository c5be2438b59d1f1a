// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the policy makes of a break: a time of grace, which lease-break-time
 * bounds, or on_break=hold.  The keeper's part runs here, on a clock that
 * stands still.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"
#include "base/sys.h"
#include "breaker.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_config.h"
#include "fakes/fake_fcntl.h"
#include "fakes/fake_keeper.h"
#include "fakes/fake_open.h"
#include "fakes/fake_revoke.h"
#include "lease.h"
#include "lease_barrier.h"
#include "lib/files.h"
#include "lib/record.h"
#include "lib/test.h"
#include "sigio.h"
#include "track.h"

#define START_NS (1000 * NSEC_PER_SEC)
/* The breaker wants to be called again soon. */
#define SOON (10 * NSEC_PER_MSEC)

static struct file file, log_file;
static struct ibv_context context;
static struct ibv_mr mr = {.context = &context, .lkey = 1};
static struct guarded_mr *gmr;
static struct cause cause;

/* In place of lease_ordinary.c, whose operations the break does not need */
static int blind_take(struct lease *lease, const struct backing *backing,
		      struct cause *ret_cause)
{
	int fd = dup(file.fd);

	assert_int_equal(sigio_arm(fd, NULL), 0);
	assert_int_equal(sys_fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	lease->type = F_WRLCK;
	keeper_own(&lease->fd, fd);
	return 0;
}

static const struct lease_backend blind = {
	.name = "blind",
	.break_means = "of the test",
	.take = blind_take,
};

static int setup(void **state)
{
	memset(&stats, 0, sizeof(stats));
	memset(&fake_config, 0, sizeof(fake_config));
	memset(&fake_keeper, 0, sizeof(fake_keeper));
	memset(&fake_fcntl, 0, sizeof(fake_fcntl));
	fake_fcntl.loses_signals = true; /* nobody waits for them */
	fake_revoke = NEVER;
	fake_open_reset();
	fake_open_file("/proc/sys/fs/lease-break-time", "45\n");
	fake_clock_ns = START_NS;
	file_make(&file, DISK, 1);
	fake_fcntl_files(&file, 1);
	file_make(&log_file, DISK, 0);
	log_setup(LOG_LEVEL_INFO, log_file.path);
	gmr = NULL;
	return 0;
}

/* Whatever the case left, goes. */
static int teardown(void **state)
{
	struct guarded_mr *left;

	fake_revoke = NEVER;
	breaker_revoke_all();
	assert_int_equal(stats.leases, 0);
	assert_false(fake_lease_exists(&file));
	left = track_detach_context(&context);
	if (left)
		track_free(left);
	file_put(&file);
	file_put(&log_file);
	return 0;
}

#define POLICY_CASE(fn) CASE_WITH(fn, setup, teardown)

static struct backing backing_of_file(void)
{
	return (struct backing){
		.dev = file.dev,
		.ino = file.ino,
		.tid = getpid(),
		.path = file.path,
	};
}

static struct lease *hold(const struct lease_backend *backend)
{
	struct backing backing = backing_of_file();
	struct lease *lease;

	assert_int_equal(lease_take(backend, &backing, &cause, &lease), 0);
	gmr = track_alloc(1);
	gmr->mr = &mr;
	gmr->context = &context;
	gmr->n_leases = 1;
	gmr->leases[0] = lease;
	gmr->n_ranges = 1;
	gmr->grace_ms = fake_config.policy.grace_ms;
	assert_int_equal(track_add(gmr), 0);
	record_clear();
	return lease;
}

/* So many milliseconds after the break was noticed */
static uint64_t run_at(unsigned int ms)
{
	fake_clock_ns = START_NS + ms * NSEC_PER_MSEC;
	lease_scan();
	return breaker_run();
}

static void assert_revoked_at(unsigned int ms)
{
	if (ms) {
		assert_int_equal(run_at(0), SOON);
		assert_int_equal(run_at(ms - 1), SOON);
		assert_record("");
	}
	assert_int_equal(run_at(ms), UINT64_MAX);
	assert_record("revoke 1, unlock a");
	assert_int_equal(stats.revoked_mrs, 1);
	assert_int_equal(stats.breaks, 1);
}

/* The policy has @grace_ms, and the region is there until @ms. */
static void broken_with_grace(const struct lease_backend *backend, int grace_ms,
			      unsigned int ms)
{
	fake_config.policy.grace_ms = grace_ms;
	hold(backend);
	fake_break_begin(&file);
	assert_revoked_at(ms);
}

POLICY_CASE(no_grace__revoked_at_once)
{
	broken_with_grace(&lease_layout, 0, 0);
}

POLICY_CASE(grace__revoked_after_it)
{
	broken_with_grace(&lease_layout, 300, 300);
}

POLICY_CASE(grace__of_ordinary_leases_too)
{
	broken_with_grace(&blind, 300, 300);
}

/* The rest is for the revoke itself. */
POLICY_CASE(long_grace__half_of_lease_break_time)
{
	broken_with_grace(&lease_layout, 600000, 22500);
}

POLICY_CASE(short_lease_break_time__half_of_it)
{
	fake_open_reset();
	fake_open_file("/proc/sys/fs/lease-break-time", "1\n");
	broken_with_grace(&lease_layout, 501, 500);
}

POLICY_CASE(no_lease_break_time__as_long_as_wanted)
{
	fake_open_reset();
	fake_open_file("/proc/sys/fs/lease-break-time", "0\n");
	broken_with_grace(&lease_layout, 100000, 100000);
}

/* The keeper may have no descriptor left then. */
POLICY_CASE(lease_break_time_unreadable__that_of_the_take)
{
	fake_open_file("/proc/sys/fs/lease-break-time", "10\n");
	fake_config.policy.grace_ms = 600000;
	hold(&lease_layout);
	fake_open_fails("/proc/sys/fs/lease-break-time", EMFILE);
	fake_break_begin(&file);
	assert_revoked_at(5000);
}

POLICY_CASE(lease_break_time_changed__that_of_the_break)
{
	fake_open_file("/proc/sys/fs/lease-break-time", "10\n");
	fake_config.policy.grace_ms = 600000;
	hold(&lease_layout);
	fake_open_file("/proc/sys/fs/lease-break-time", "4\n");
	fake_break_begin(&file);
	assert_revoked_at(2000);
}

/* The program deregisters in time. */
POLICY_CASE(grace__used_by_the_program)
{
	struct lease *lease;

	fake_config.policy.grace_ms = 300;
	lease = hold(&lease_layout);
	fake_break_begin(&file);
	assert_int_equal(run_at(0), SOON);
	assert_int_equal(track_begin_dereg(&mr, &gmr), 0);
	assert_int_equal(track_remove(gmr), 1);
	lease_put(lease);
	track_free(gmr);
	assert_record("unlock a");
	assert_int_equal(run_at(1), UINT64_MAX);
	assert_int_equal(stats.revoked_mrs, 0);
}

/* It waits in the system call itself, and would wait for nothing. */
POLICY_CASE(grace__not_for_a_break_by_the_program)
{
	fake_config.policy.grace_ms = 300;
	hold(&blind);
	assert_int_equal(lease_break_blind(file.dev, file.ino), 1);
	assert_revoked_at(0);
}

POLICY_CASE(break_by_the_program__not_of_a_layout_lease)
{
	hold(&lease_layout);
	assert_int_equal(lease_break_blind(file.dev, file.ino), 0);
	assert_int_equal(run_at(0), UINT64_MAX);
	assert_record("");
	assert_int_equal(stats.breaks, 0);
}

POLICY_CASE(break_by_the_program__other_file)
{
	hold(&blind);
	assert_int_equal(lease_break_blind(file.dev, file.ino + 1), 0);
	assert_true(lease_exists_blind(file.dev, file.ino));
	assert_false(lease_exists_blind(file.dev, file.ino + 1));
	assert_false(lease_exists_blind(file.dev + 1, file.ino));
	assert_int_equal(stats.breaks, 0);
}

POLICY_CASE(exists_blind__not_for_a_layout_lease)
{
	assert_false(lease_exists_any_blind());
	hold(&lease_layout);
	assert_false(lease_exists_blind(file.dev, file.ino));
	assert_false(lease_exists_any_blind());
}

POLICY_CASE(exists_blind__for_an_ordinary_lease)
{
	hold(&blind);
	assert_true(lease_exists_blind(file.dev, file.ino));
	assert_true(lease_exists_any_blind());
}

static size_t count(const char *what)
{
	const char *text = file_text(log_file.path);
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

POLICY_CASE(hold__region_stays)
{
	fake_config.policy.hold_on_break = true;
	hold(&lease_layout);
	fake_break_begin(&file);
	assert_int_equal(run_at(0), SOON);
	assert_int_equal(run_at(40000), SOON);
	assert_int_equal(stats.revoked_mrs, 0);
	assert_int_equal(stats.guarded_mrs, 1);
	assert_int_equal(count("on_break=hold"), 1);
	assert_null(strstr(record_text(), "revoke"));
	assert_null(strstr(record_text(), "unlock"));
	fake_break_end(&file);
}

/* The kernel has removed the lease at the end of lease-break-time. */
POLICY_CASE(hold__lease_is_taken_again_armed)
{
	struct lease *lease;

	fake_config.policy.hold_on_break = true;
	lease = hold(&lease_layout);
	fake_break_begin(&file);
	assert_int_equal(run_at(0), SOON);
	fake_lease_expire(&file);
	assert_int_equal(run_at(45000), SOON);
	assert_false(lease_is_held(lease));
	fake_break_end(&file);
	record_clear();
	assert_int_equal(run_at(45010), UINT64_MAX);
	assert_record("signal a, owner a, lease a");
	assert_true(lease_is_held(lease));
	assert_true(fake_is_armed(&file));
	assert_int_equal(stats.guarded_mrs, 1);
}

/* Whoever had to give up may have taken blocks that no device had. */
POLICY_CASE(hold__blocks_are_not_known_any_more)
{
	struct lease *lease;

	fake_config.policy.hold_on_break = true;
	lease = hold(&lease_layout);
	lease_note_blocks(lease, 0, 4096);
	assert_true(lease_has_blocks(lease, 0, 4096));
	fake_break_begin(&file);
	assert_int_equal(run_at(0), SOON);
	fake_break_end(&file);
	assert_int_equal(run_at(10), UINT64_MAX);
	assert_true(lease_is_held(lease));
	assert_false(lease_has_blocks(lease, 0, 4096));
}

POLICY_CASE(hold__next_break_is_held_too)
{
	fake_config.policy.hold_on_break = true;
	hold(&lease_layout);
	fake_break_begin(&file);
	assert_int_equal(run_at(0), SOON);
	fake_break_end(&file);
	assert_int_equal(run_at(10), UINT64_MAX);
	fake_break_begin(&file);
	assert_int_equal(run_at(20), SOON);
	assert_int_equal(stats.breaks, 2);
	assert_int_equal(stats.guarded_mrs, 1);
	assert_int_equal(count("on_break=hold"), 2);
	fake_break_end(&file);
	assert_int_equal(run_at(30), UINT64_MAX);
}

/* The kernel takes such a lease away and goes on, so holding guards nothing. */
POLICY_CASE(hold_with_an_ordinary_lease__revoked)
{
	fake_config.policy.hold_on_break = true;
	broken_with_grace(&blind, 0, 0);
}

POLICY_CASE(barrier__no_lease_while_it_is_entered)
{
	struct lease_barrier barrier = {.dev = file.dev, .ino = file.ino};
	struct backing backing = backing_of_file();
	struct lease *lease = NULL;

	lease_barrier_enter(&barrier);
	assert_int_equal(lease_take(&blind, &backing, &cause, &lease), EAGAIN);
	assert_null(lease);
	assert_false(fake_lease_exists(&file));
	lease_barrier_leave(&barrier);
	assert_int_equal(lease_take(&blind, &backing, &cause, &lease), 0);
	/* Nor a second holder */
	lease_barrier_enter(&barrier);
	assert_int_equal(lease_take(&blind, &backing, &cause, &lease), EAGAIN);
	lease_barrier_leave(&barrier);
	lease_put(lease);
	assert_false(fake_lease_exists(&file));
}

/* Its blocks are about to go: whoever comes now has to wait for a new one. */
POLICY_CASE(being_broken__nobody_joins)
{
	struct backing backing = backing_of_file();
	struct lease *lease = hold(&lease_layout), *other = NULL;
	struct cause why = { 0 };

	fake_break_begin(&file);
	/* The keeper has noticed, the program has not given it back. */
	lease_scan();
	assert_int_equal(lease_take(&lease_layout, &backing, &why, &other),
			 EAGAIN);
	assert_null(other);
	assert_int_equal(why.kind, CAUSE_BREAK);
	assert_int_equal(lease->holders, 1);
	fake_break_end(&file);
	(void)run_at(0);
}

static struct lease_barrier late;

static int take_and_enter(struct lease *lease, const struct backing *backing,
			  struct cause *ret_cause)
{
	late.dev = file.dev;
	late.ino = file.ino;
	lease_barrier_enter(&late);
	return blind_take(lease, backing, ret_cause);
}

/* It came while the kernel was asked. */
POLICY_CASE(barrier__entered_during_a_take)
{
	static const struct lease_backend slow = {
		.name = "slow",
		.break_means = "of the test",
		.take = take_and_enter,
	};
	struct backing backing = backing_of_file();
	struct lease *lease = NULL;

	assert_int_equal(lease_take(&slow, &backing, &cause, &lease), EAGAIN);
	assert_null(lease);
	assert_false(fake_lease_exists(&file));
	assert_int_equal(stats.leases, 0);
	assert_int_equal(fake_keeper.n_owned, 0);
	lease_barrier_leave(&late);
}

POLICY_CASE(barrier__of_another_file)
{
	struct lease_barrier barrier = {.dev = file.dev, .ino = file.ino + 1};

	lease_barrier_enter(&barrier);
	hold(&blind);
	lease_barrier_leave(&barrier);
}
