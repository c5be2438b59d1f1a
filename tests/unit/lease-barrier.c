// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * An operation that takes blocks away and a lease that is blind to it do not meet,
 * whoever comes first; and who has no such lease is not asked for the file.  For all
 * that can be interleaved there is model/barrier.pml.
 */
#include "lease_barrier.h"
#include "lib/test.h"

/* More than find room, and some of them bar all files then */
#define MANY 100

static int setup(void **state)
{
	lease_barrier_forget();
	return 0;
}

#define BARRIER_CASE(fn) CASE_WITH(fn, setup, NULL)

BARRIER_CASE(of_a_file__that_one_is_barred)
{
	struct lease_barrier barrier = { .dev = 1, .ino = 2 };

	lease_barrier_enter(&barrier);
	assert_true(lease_is_barred(1, 2));
	assert_false(lease_is_barred(1, 3));
	assert_false(lease_is_barred(2, 2));
	lease_barrier_leave(&barrier);
	assert_false(lease_is_barred(1, 2));
}

BARRIER_CASE(two_of_one_file__until_the_last)
{
	struct lease_barrier first = { .dev = 1, .ino = 2 }, second = first;

	lease_barrier_enter(&first);
	lease_barrier_enter(&second);
	lease_barrier_leave(&first);
	assert_true(lease_is_barred(1, 2));
	lease_barrier_leave(&second);
	assert_false(lease_is_barred(1, 2));
}

BARRIER_CASE(more_than_find_room__barred_all_the_same)
{
	struct lease_barrier barriers[MANY];
	size_t i;

	for (i = 0; i < MANY; i++) {
		barriers[i] = (struct lease_barrier){ .dev = 1, .ino = i + 1 };
		lease_barrier_enter(&barriers[i]);
	}
	for (i = 0; i < MANY; i++)
		assert_true(lease_is_barred(1, i + 1));
	for (i = 0; i < MANY; i++)
		lease_barrier_leave(&barriers[i]);
	for (i = 0; i <= MANY; i++)
		assert_false(lease_is_barred(1, i + 1));
}

BARRIER_CASE(never_a_lease__any_file_is_barred)
{
	struct lease_barrier barrier;

	assert_true(lease_barrier_enter_any(&barrier));
	assert_true(lease_is_barred(1, 2));
	lease_barrier_leave(&barrier);
	assert_false(lease_is_barred(1, 2));
}

/* Also once it is gone: else whoever tries again would never have his turn. */
BARRIER_CASE(ever_a_lease__the_file_is_asked_for)
{
	struct lease_barrier barrier;

	lease_blind_add(1, 2);
	assert_false(lease_barrier_enter_any(&barrier));
	lease_blind_remove(1, 2);
	assert_false(lease_barrier_enter_any(&barrier));
	assert_false(lease_is_barred(1, 2));
}

BARRIER_CASE(lease_counted__seen_until_it_is_gone)
{
	assert_false(lease_may_be_blind(1, 2));
	assert_false(lease_exists_any_blind());
	lease_blind_add(1, 2);
	lease_blind_add(1, 2);
	lease_blind_remove(1, 2);
	assert_true(lease_may_be_blind(1, 2));
	assert_false(lease_may_be_blind(1, 3));
	assert_true(lease_exists_any_blind());
	lease_blind_remove(1, 2);
	assert_false(lease_may_be_blind(1, 2));
	assert_false(lease_exists_any_blind());
}

/* In a child of fork(2) by a handler that runs during an operation */
BARRIER_CASE(forgotten__leaves_nothing_behind)
{
	struct lease_barrier of_file = { .dev = 1, .ino = 2 }, any, now = of_file;

	assert_true(lease_barrier_enter_any(&any));
	lease_barrier_enter(&of_file);
	lease_blind_add(1, 2);
	lease_barrier_forget();
	assert_false(lease_is_barred(1, 2));
	assert_false(lease_may_be_blind(1, 2));
	assert_false(lease_exists_any_blind());
	lease_barrier_enter(&now);
	now.entry = of_file.entry;
	lease_barrier_leave(&any);
	lease_barrier_leave(&of_file);
	assert_true(lease_is_barred(1, 2));
	assert_false(lease_is_barred(1, 3));
	assert_true(lease_barrier_enter_any(&any));
	lease_barrier_leave(&any);
}
