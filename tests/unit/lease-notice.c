// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * How a break is noticed: by its signal, which names the descriptor; by a look at
 * all leases if the queue was full; and in turns should all of that fail.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_config.h"
#include "fakes/fake_fcntl.h"
#include "fakes/fake_keeper.h"
#include "fakes/fake_open.h"
#include "lease.h"
#include "lib/files.h"
#include "lib/record.h"
#include "lib/test.h"
#include "sigio.h"

#define FILES 2
/* More than one turn takes */
#define MANY 700

static struct file files[FILES];
static struct lease *leases[FILES], *many[MANY];

static struct lease *take(const struct file *file)
{
	struct backing backing = {
		.dev = file->dev,
		.ino = file->ino,
		.tid = getpid(),
		.path = file->path,
	};
	struct cause cause;
	struct lease *lease;

	assert_int_equal(lease_take(&lease_layout, &backing, &cause, &lease),
			 0);
	return lease;
}

static void block(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int setup(void **state)
{
	size_t i;

	memset(&stats, 0, sizeof(stats));
	memset(&fake_fcntl, 0, sizeof(fake_fcntl));
	log_setup(LOG_LEVEL_ERROR, NULL);
	block(config_get()->signal);
	block(SIGIO);
	for (i = 0; i < FILES; i++)
		file_make(&files[i], DISK, 1);
	fake_fcntl_files(files, FILES);
	assert_int_equal(sigio_start(NULL), 0);
	for (i = 0; i < FILES; i++)
		leases[i] = take(&files[i]);
	/* Nobody looks in turns for a second from now on. */
	fake_clock_ns += 10 * NSEC_PER_SEC;
	lease_wait(0);
	return 0;
}

static int teardown(void **state)
{
	size_t i;

	for (i = 0; i < FILES; i++) {
		lease_put(leases[i]);
		file_put(&files[i]);
	}
	assert_int_equal(stats.leases, 0);
	return 0;
}

#define NOTICE_CASE(fn) CASE_WITH(fn, setup, teardown)

NOTICE_CASE(signalled__that_one)
{
	fake_break_begin(&files[1]);
	lease_wait(0);
	assert_ptr_equal(lease_next_broken(NULL), leases[1]);
	assert_null(lease_next_broken(leases[1]));
}

/* The signal names the descriptor by its number when the lease was taken. */
NOTICE_CASE(signalled__descriptor_was_moved)
{
	int fd = leases[1]->fd.fd;

	leases[1]->fd.fd = dup(fd);
	close(fd);
	fake_break_begin(&files[1]);
	lease_wait(0);
	assert_ptr_equal(lease_next_broken(NULL), leases[1]);
}

/* Another lease has the number now, and a signal that came late names it. */
NOTICE_CASE(signalled__but_held)
{
	fake_break_begin(&files[1]);
	fake_break_end(&files[1]);
	lease_wait(0);
	assert_null(lease_next_broken(NULL));
}

NOTICE_CASE(signal_lost__queue_was_full)
{
	fake_fcntl.loses_signals = true;
	fake_break_begin(&files[0]);
	lease_wait(0);
	assert_null(lease_next_broken(NULL));
	/* What the kernel sends then (fs/fcntl.c:send_sigio_to_task) */
	assert_int_equal(syscall(SYS_tgkill, getpid(), gettid(), SIGIO), 0);
	lease_wait(0);
	assert_ptr_equal(lease_next_broken(NULL), leases[0]);
}

static bool is_pending(int number)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, number);
}

NOTICE_CASE(sigio_of_the_program__left_alone)
{
	const struct timespec now = {0};
	sigset_t set;

	assert_int_equal(kill(getpid(), SIGIO), 0);
	lease_wait(0);
	assert_true(is_pending(SIGIO));
	/* With one of our own at the same time, only that is taken. */
	assert_int_equal(syscall(SYS_tgkill, getpid(), gettid(), SIGIO), 0);
	lease_wait(0);
	assert_true(is_pending(SIGIO));
	lease_wait(0);
	assert_true(is_pending(SIGIO));
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	assert_int_equal(sigtimedwait(&set, NULL, &now), SIGIO);
	assert_false(is_pending(SIGIO));
}

NOTICE_CASE(signal_lost__found_within_a_second)
{
	fake_fcntl.loses_signals = true;
	fake_break_begin(&files[0]);
	lease_wait(0);
	assert_null(lease_next_broken(NULL));
	fake_clock_ns += NSEC_PER_SEC;
	lease_wait(0);
	assert_ptr_equal(lease_next_broken(NULL), leases[0]);
}

NOTICE_CASE(asked_whether_it_is_held__noticed)
{
	fake_fcntl.loses_signals = true;
	fake_break_begin(&files[0]);
	assert_false(lease_is_held(leases[0]));
	assert_ptr_equal(lease_next_broken(NULL), leases[0]);
}

NOTICE_CASE(nobody_may_ask__not_lost)
{
	fake_fcntl.refused_command = FAKE_ANY_COMMAND;
	fake_fcntl.refused_errno = EPERM;
	assert_false(lease_is_lost(leases[0]));
	assert_false(leases[0]->is_gone);
}

/* fcntl(2) says -1 of a descriptor that is none, so this is how it is held. */
static int take_none(struct lease *lease, const struct backing *backing,
		     struct cause *cause)
{
	lease->type = -1;
	keeper_own(&lease->fd, -1);
	return 0;
}

static const struct lease_backend
	seeing = {
		.name = "test",
		.take = take_none,
	},
	blind = {
		.name = "test",
		.is_blind = true,
		.take = take_none,
	};

/* All of them are broken, and nobody was told. */
static void take_many(const struct lease_backend *backend)
{
	struct cause cause;
	size_t i;

	for (i = 0; i < MANY; i++) {
		struct backing backing = {.dev = 1, .ino = i + 1, .path = "x"};

		assert_int_equal(lease_take(backend, &backing, &cause,
					    &many[i]), 0);
		many[i]->type = 0;
	}
}

static void put_many(void)
{
	size_t i;

	for (i = 0; i < MANY; i++)
		lease_put(many[i]);
}

static void next_second(void)
{
	fake_clock_ns += NSEC_PER_SEC;
	lease_wait(0);
}

/* Owner, signal and flags of what they are on may have changed without a word. */
NOTICE_CASE(many_blind__each_has_its_turn)
{
	take_many(&blind);
	next_second();
	assert_in_range(stats.breaks, 1, MANY - 1);
	next_second();
	assert_int_equal(stats.breaks, MANY);
	put_many();
}

/* An idle keeper costs the same however many there are. */
NOTICE_CASE(many__signals_are_sure_few_looks)
{
	take_many(&seeing);
	next_second();
	assert_in_range(stats.breaks, 1, MANY / 50);
	put_many();
}

/* Found before half of lease-break-time, were there twenty times as many */
static void assert_signals_unsure(void)
{
	take_many(&seeing);
	next_second();
	assert_in_range(stats.breaks, MANY / 2, MANY - 1);
	next_second();
	assert_int_equal(stats.breaks, MANY);
	put_many();
}

/* As the kernel does with what is pending when a signal begins to be ignored */
NOTICE_CASE(signal_ignored__lost_and_looked_for)
{
	fake_break_begin(&files[0]);
	assert_true(is_pending(config_get()->signal));
	signal(config_get()->signal, SIG_IGN);
	assert_false(is_pending(config_get()->signal));
	lease_wait(0);
	assert_null(lease_next_broken(NULL));
	next_second();
	assert_ptr_equal(lease_next_broken(NULL), leases[0]);
	stats.breaks = 0;
	assert_signals_unsure();
	signal(config_get()->signal, SIG_DFL);
}

NOTICE_CASE(sigio_ignored__looked_for)
{
	signal(SIGIO, SIG_IGN);
	assert_signals_unsure();
	signal(SIGIO, SIG_DFL);
}

/* The kernel says nothing to whom who has armed must not signal any more. */
NOTICE_CASE(other_user_now__looked_for)
{
	if (geteuid())
		skip();
	assert_int_equal(seteuid(1), 0);
	assert_signals_unsure();
	assert_int_equal(seteuid(0), 0);
}

NOTICE_CASE(queue_was_full__no_proc_looked_for)
{
	const struct timespec now = {0};
	sigset_t set;

	fake_fcntl.loses_signals = true;
	fake_break_begin(&files[0]);
	assert_int_equal(syscall(SYS_tgkill, getpid(), gettid(), SIGIO), 0);
	fake_open_fails("/proc/thread-self/status", ENOENT);
	lease_wait(0);
	fake_open_reset();
	assert_ptr_equal(lease_next_broken(NULL), leases[0]);
	/* It may be the program's. */
	assert_true(is_pending(SIGIO));
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	assert_int_equal(sigtimedwait(&set, NULL, &now), SIGIO);
}
