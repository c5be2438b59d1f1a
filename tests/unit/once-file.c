// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Once for each topic and file, and forgotten when there are too many */
#include "base/log.h"
#include "lib/test.h"

CASE(second_time__false)
{
	assert_true(once_for_file(ONCE_UNGUARDED, 1, 1));
	assert_false(once_for_file(ONCE_UNGUARDED, 1, 1));
	assert_false(once_for_file(ONCE_UNGUARDED, 1, 1));
}

CASE(other_topic__true)
{
	assert_true(once_for_file(ONCE_UNGUARDED, 2, 1));
	assert_true(once_for_file(ONCE_ON_DEMAND, 2, 1));
	assert_false(once_for_file(ONCE_UNGUARDED, 2, 1));
	assert_false(once_for_file(ONCE_ON_DEMAND, 2, 1));
}

CASE(other_file__true)
{
	assert_true(once_for_file(ONCE_UNGUARDED, 3, 1));
	assert_true(once_for_file(ONCE_UNGUARDED, 3, 2));
	assert_true(once_for_file(ONCE_UNGUARDED, 4, 1));
	assert_false(once_for_file(ONCE_UNGUARDED, 3, 1));
}

/* The last ones are remembered, however many there were. */
CASE(many_files__the_last_one_is_known)
{
	ino_t ino;

	for (ino = 1; ino <= 1000; ino++) {
		assert_true(once_for_file(ONCE_ON_DEMAND, 5, ino));
		assert_false(once_for_file(ONCE_ON_DEMAND, 5, ino));
	}
	assert_true(once_for_file(ONCE_ON_DEMAND, 5, 1));
}
