// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* No lease is taken while the program itself takes pages of the file away. */
#include <errno.h>

#include "lease_barrier.h"
#include "lib/stopped.h"

static int take(const struct lease_backend *backend, struct lease **ret_lease)
{
	struct backing backing = stopped_backing(&stopped_file);

	return lease_take(backend, &backing, &stopped_cause, ret_lease);
}

STOPPED_CASE(no_lease_while_it_is_entered)
{
	struct lease_barrier barrier = {.dev = stopped_file.dev,
					.ino = stopped_file.ino};
	struct lease *lease = NULL;

	lease_barrier_enter(&barrier);
	assert_int_equal(take(&stopped_blind, &lease), EAGAIN);
	assert_null(lease);
	assert_false(fake_lease_exists(&stopped_file));
	lease_barrier_leave(&barrier);
	assert_int_equal(take(&stopped_blind, &lease), 0);
	/* Nor a second holder */
	lease_barrier_enter(&barrier);
	assert_int_equal(take(&stopped_blind, &lease), EAGAIN);
	lease_barrier_leave(&barrier);
	lease_put(lease);
	assert_false(fake_lease_exists(&stopped_file));
}

static struct lease_barrier late;

static int take_and_enter(struct lease *lease, const struct backing *backing,
			  struct cause *ret_cause)
{
	late.dev = stopped_file.dev;
	late.ino = stopped_file.ino;
	lease_barrier_enter(&late);
	return stopped_blind.take(lease, backing, ret_cause);
}

/* It came while the kernel was asked. */
STOPPED_CASE(entered_during_a_take)
{
	static const struct lease_backend slow = {
		.name = "slow",
		.break_means = "of the test",
		.is_blind = true,
		.take = take_and_enter,
	};
	struct lease *lease = NULL;

	assert_int_equal(take(&slow, &lease), EAGAIN);
	assert_null(lease);
	assert_false(fake_lease_exists(&stopped_file));
	assert_int_equal(stats.leases, 0);
	assert_int_equal(fake_keeper.n_owned, 0);
	lease_barrier_leave(&late);
}

STOPPED_CASE(of_another_file__taken)
{
	struct lease_barrier barrier = {.dev = stopped_file.dev,
					.ino = stopped_file.ino + 1};

	lease_barrier_enter(&barrier);
	stopped_hold(&stopped_blind);
	lease_barrier_leave(&barrier);
}
