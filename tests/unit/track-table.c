// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The table of memory regions grows, and what it says without a lock is never
 * that it does not have one that it has.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lib/test.h"
#include "track_list.h"

#define MANY 20000
#define THREADS 4

static struct ibv_mr mrs[THREADS][MANY];
static struct guarded_mr *entries[THREADS][MANY];

static void enter(struct guarded_mr **entry, struct ibv_mr *mr)
{
	*entry = calloc(1, sizeof(**entry));
	(*entry)->mr = mr;
	ps_lock(&table_lock);
	table_insert(*entry);
	ps_unlock(&table_lock);
}

static void leave(struct guarded_mr **entry)
{
	ps_lock(&table_lock);
	table_remove(*entry);
	ps_unlock(&table_lock);
	free(*entry);
}

static struct guarded_mr *find(const struct ibv_mr *mr)
{
	struct guarded_mr *gmr;

	ps_lock(&table_lock);
	gmr = table_find(mr);
	ps_unlock(&table_lock);
	return gmr;
}

CASE(empty__has_none)
{
	assert_false(track_may_have(&mrs[0][0]));
	assert_null(find(&mrs[0][0]));
}

static _Atomic size_t n_missed;

/* As a thread of the program: its own, while the others make the table grow */
static void *enter_and_ask(void *arg)
{
	size_t me = (size_t)arg, i;

	for (i = 0; i < MANY; i++) {
		enter(&entries[me][i], &mrs[me][i]);
		if (!track_may_have(&mrs[me][i]) ||
		    !track_may_have(&mrs[me][i / 2]))
			n_missed++;
	}
	for (i = 0; i < MANY; i++) {
		if (!track_may_have(&mrs[me][i]))
			n_missed++;
		leave(&entries[me][i]);
	}
	return NULL;
}

/* Before the others, so that the table has yet to grow */
CASE(while_it_grows__none_is_missed)
{
	pthread_t threads[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						enter_and_ask, (void *)i), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(n_missed, 0);
}

CASE(many__each_is_found)
{
	size_t i;

	for (i = 0; i < MANY; i++)
		enter(&entries[0][i], &mrs[0][i]);
	for (i = 0; i < MANY; i++) {
		assert_ptr_equal(find(&mrs[0][i]), entries[0][i]);
		assert_true(track_may_have(&mrs[0][i]));
	}
	/* Every other one goes. */
	for (i = 0; i < MANY; i += 2)
		leave(&entries[0][i]);
	for (i = 0; i < MANY; i++) {
		assert_ptr_equal(find(&mrs[0][i]),
				 i % 2 ? entries[0][i] : NULL);
		if (i % 2)
			assert_true(track_may_have(&mrs[0][i]));
	}
	for (i = 1; i < MANY; i += 2)
		leave(&entries[0][i]);
	for (i = 0; i < MANY; i++)
		assert_false(track_may_have(&mrs[0][i]));
}

/* Else most of those that are not guarded would take the lock. */
CASE(strangers__seldom_taken_for_known)
{
	size_t i, n = 0;

	for (i = 0; i < MANY; i++)
		enter(&entries[0][i], &mrs[0][i]);
	for (i = 0; i < MANY; i++)
		n += track_may_have(&mrs[1][i]);
	for (i = 0; i < MANY; i++)
		leave(&entries[0][i]);
	assert_in_range(n, 0, MANY / 8);
}

CASE(freed__not_meant)
{
	enter(&entries[0][0], &mrs[0][0]);
	ps_lock(&table_lock);
	entries[0][0]->is_freed = true;
	ps_unlock(&table_lock);
	assert_null(find(&mrs[0][0]));
	leave(&entries[0][0]);
}
