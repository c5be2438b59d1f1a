// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the machine says of leases, and what is assumed when it cannot be asked
 */
#include <errno.h>

#include "fakes/fake_open.h"
#include "lib/test.h"
#include "machine/lease_provider.h"

#define BREAK_TIME "/proc/sys/fs/lease-break-time"
#define ENABLE "/proc/sys/fs/leases-enable"

static int setup(void **state)
{
	fake_open_reset();
	return 0;
}

#define SYSCTL_CASE(fn) CASE_WITH(fn, setup, NULL)

/* The first case: it is remembered from then on. */
SYSCTL_CASE(break_time_never_read__default)
{
	fake_open_fails(BREAK_TIME, EMFILE);
	assert_int_equal(lease_break_time_s(), 45);
}

SYSCTL_CASE(break_time_read_before__as_it_was)
{
	fake_open_file(BREAK_TIME, "7\n");
	assert_int_equal(lease_break_time_s(), 7);
	fake_open_fails(BREAK_TIME, EMFILE);
	assert_int_equal(lease_break_time_s(), 7);
	fake_open_file(BREAK_TIME, "");
	assert_int_equal(lease_break_time_s(), 7);
}

SYSCTL_CASE(break_time_changed__the_new_one)
{
	fake_open_file(BREAK_TIME, "7\n");
	assert_int_equal(lease_break_time_s(), 7);
	fake_open_file(BREAK_TIME, "90\n");
	assert_int_equal(lease_break_time_s(), 90);
	fake_open_fails(BREAK_TIME, ENFILE);
	assert_int_equal(lease_break_time_s(), 90);
}

SYSCTL_CASE(no_break_time__0_is_remembered_too)
{
	fake_open_file(BREAK_TIME, "0\n");
	assert_int_equal(lease_break_time_s(), 0);
	fake_open_fails(BREAK_TIME, EMFILE);
	assert_int_equal(lease_break_time_s(), 0);
}

SYSCTL_CASE(negative_break_time__does_not_end)
{
	fake_open_file(BREAK_TIME, "-1\n");
	assert_int_equal(lease_break_time_s(), 0);
}

SYSCTL_CASE(enabled__as_it_says)
{
	fake_open_file(ENABLE, "1\n");
	assert_true(leases_are_enabled(false));
	fake_open_file(ENABLE, "0\n");
	assert_false(leases_are_enabled(true));
}

SYSCTL_CASE(enabled_unreadable__as_assumed)
{
	fake_open_fails(ENABLE, EMFILE);
	assert_true(leases_are_enabled(true));
	assert_false(leases_are_enabled(false));
	fake_open_file(ENABLE, "");
	assert_true(leases_are_enabled(true));
	assert_false(leases_are_enabled(false));
}
