// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the machine says of leases, and what is assumed when it cannot be asked
 */
#include <errno.h>

#include "fakes/fake_open.h"
#include "lib/test.h"
#include "machine/lease_sysctl.h"

#define BREAK_TIME "/proc/sys/fs/lease-break-time"
#define ENABLE "/proc/sys/fs/leases-enable"

static int setup(void **state)
{
	fake_open_reset();
	return 0;
}

/* The first case: it is remembered from then on. */
static void break_time_never_read__default(void **state)
{
	fake_open_fails(BREAK_TIME, EMFILE);
	assert_int_equal(lease_break_time_s(), 45);
}

static void break_time_read_before__as_it_was(void **state)
{
	fake_open_file(BREAK_TIME, "7\n");
	assert_int_equal(lease_break_time_s(), 7);
	fake_open_fails(BREAK_TIME, EMFILE);
	assert_int_equal(lease_break_time_s(), 7);
	fake_open_file(BREAK_TIME, "");
	assert_int_equal(lease_break_time_s(), 7);
}

static void break_time_changed__the_new_one(void **state)
{
	fake_open_file(BREAK_TIME, "7\n");
	assert_int_equal(lease_break_time_s(), 7);
	fake_open_file(BREAK_TIME, "90\n");
	assert_int_equal(lease_break_time_s(), 90);
	fake_open_fails(BREAK_TIME, ENFILE);
	assert_int_equal(lease_break_time_s(), 90);
}

static void no_break_time__0_is_remembered_too(void **state)
{
	fake_open_file(BREAK_TIME, "0\n");
	assert_int_equal(lease_break_time_s(), 0);
	fake_open_fails(BREAK_TIME, EMFILE);
	assert_int_equal(lease_break_time_s(), 0);
}

static void negative_break_time__does_not_end(void **state)
{
	fake_open_file(BREAK_TIME, "-1\n");
	assert_int_equal(lease_break_time_s(), 0);
}

static void enabled__as_it_says(void **state)
{
	fake_open_file(ENABLE, "1\n");
	assert_true(leases_are_enabled(false));
	fake_open_file(ENABLE, "0\n");
	assert_false(leases_are_enabled(true));
}

static void enabled_unreadable__as_assumed(void **state)
{
	fake_open_fails(ENABLE, EMFILE);
	assert_true(leases_are_enabled(true));
	assert_false(leases_are_enabled(false));
	fake_open_file(ENABLE, "");
	assert_true(leases_are_enabled(true));
	assert_false(leases_are_enabled(false));
}

#define SYSCTL_CASE(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest cases[] = {
		SYSCTL_CASE(break_time_never_read__default),
		SYSCTL_CASE(break_time_read_before__as_it_was),
		SYSCTL_CASE(break_time_changed__the_new_one),
		SYSCTL_CASE(no_break_time__0_is_remembered_too),
		SYSCTL_CASE(negative_break_time__does_not_end),
		SYSCTL_CASE(enabled__as_it_says),
		SYSCTL_CASE(enabled_unreadable__as_assumed),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
