// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What is asked of the keeper costs the same however many other files are
 * leased: to take a lease and give it back, and the break of one of them.
 */
#include "base/log.h"
#include "device.h"
#include "lease.h"
#include "lib/growth.h"
#include "lib/test.h"
#include "redirty_written.h"
#include "revoke.h"

#define ROUNDS 200
#define MAX_FILES 32000

static const size_t sizes[] = {500, 4000, MAX_FILES};
static struct lease *others[MAX_FILES];

int device_destroy_mr(const struct ibv_mr *mr)
{
	return 0;
}

void redirty_aside(const struct mr_range *ranges, size_t n_ranges,
		   const struct redirty_limit *limit)
{
}

size_t redirty_merge(struct mr_range *ranges, size_t n_ranges)
{
	return n_ranges;
}

/* fcntl(2) says -1 of a descriptor that is none, so this is how it is held. */
#define HELD (-1)

static int take(struct lease *lease, const struct backing *backing,
		struct cause *cause)
{
	lease->type = HELD;
	keeper_own(&lease->fd, -1);
	return 0;
}

static const struct lease_backend backend = {
	.name = "test",
	.break_means = "of the test",
	.take = take,
};

static struct lease *take_lease(ino_t ino)
{
	struct backing backing = {.dev = 1, .ino = ino, .path = "x"};
	struct cause cause;
	struct lease *lease;

	assert_int_equal(lease_take(&backend, &backing, &cause, &lease), 0);
	return lease;
}

static void take_others(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		others[i] = take_lease(i + 1);
}

static void put_others(size_t n)
{
	while (n)
		lease_put(others[--n]);
	(void)revoke_broken();
}

/* What the keeper does for a request, and then before it waits */
static double take_and_put(size_t n)
{
	double ns;
	int i;

	take_others(n);
	ns = growth_now();
	for (i = 0; i < ROUNDS; i++) {
		struct lease *lease = take_lease(MAX_FILES + 1 + i);

		(void)revoke_broken();
		assert_true(lease_is_held(lease));
		(void)revoke_broken();
		lease_put(lease);
		(void)revoke_broken();
	}
	ns = growth_now() - ns;
	put_others(n);
	return ns;
}

CASE(take_and_put__flat)
{
	assert_true(growth_exponent("take and put", sizes, take_and_put) <
		    GROWTH_FLAT);
}

/* It has been noticed, and nobody is left to be revoked. */
static double break_one(size_t n)
{
	double ns;
	int i;

	take_others(n);
	ns = growth_now();
	for (i = 0; i < ROUNDS; i++) {
		struct lease *lease = take_lease(MAX_FILES + 1 + i);

		lease->type = 0;
		assert_false(lease_check(lease));
		assert_int_not_equal(revoke_broken(), UINT64_MAX);
		lease_put(lease);
		assert_int_equal(revoke_broken(), UINT64_MAX);
	}
	ns = growth_now() - ns;
	put_others(n);
	return ns;
}

CASE(break_of_one__flat)
{
	assert_true(growth_exponent("break of one", sizes, break_one) <
		    GROWTH_FLAT);
}

int group_setup(void **state)
{
	log_setup(LOG_LEVEL_ERROR, NULL);
	return 0;
}
