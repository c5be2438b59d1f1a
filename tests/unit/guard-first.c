// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Memory that the kernel would not pin if it needed a guard is registered without
 * a look; and what closes that way.
 */
#include <errno.h>
#include <stdlib.h>

#include "fakes/fake_pages.h"
#include "fakes/fake_pin_count.h"
#include "fakes/fake_pin_rule.h"
#include "lib/ruled.h"

#define WRITTEN (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)
#define GUARDED \
	"classify, take 1, prefault 1, adopt 7, reg_mr, classify, track"

static int setup(void **state)
{
	fake_pin_rule_is_strict = true;
	fake_pages = (struct fake_pages){0};
	fake_pin_count = (struct fake_pin_count){0};
	return ruled_setup(state);
}

#define FIRST_CASE(fn) CASE_WITH(fn, setup, ruled_teardown)

static void is_registered(int access, const char *text)
{
	struct ibv_mr *mr = guarded_reg(access);

	assert_non_null(mr);
	assert_record(text);
	if (!fake_track.gmr)
		free(mr);
}

FIRST_CASE(nothing_is_guarded__not_looked_at)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	is_registered(WRITTEN, "reg_mr");
	assert_false(fake_provider.was_in_section);
	assert_int_equal(stats.registrations, 0);
}

FIRST_CASE(nothing_is_guarded__errno_stays)
{
	struct ibv_mr *mr;

	fake_mapping_set(0, MAPPING_FSDAX);
	errno = ENOTTY;
	mr = guarded_reg(WRITTEN);
	assert_int_equal(errno, ENOTTY);
	assert_non_null(mr);
	free(mr);
}

FIRST_CASE(device_only_reads__looked_at)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	is_registered(IBV_ACCESS_REMOTE_READ, "classify, reg_mr");
}

FIRST_CASE(kernel_pins_all__looked_at)
{
	fake_pin_rule_is_strict = false;
	is_registered(WRITTEN, GUARDED);
}

FIRST_CASE(a_lease_is_held__looked_at)
{
	fake_lease.is_any = true;
	is_registered(WRITTEN, GUARDED);
}

FIRST_CASE(policy_guards_shmem__looked_at)
{
	fake_config.may_guard_shmem = true;
	is_registered(WRITTEN, GUARDED);
}

FIRST_CASE(kernel_refuses__guarded)
{
	fake_provider.reg_mr = ONCE(EFAULT);
	is_registered(WRITTEN, "reg_mr, " GUARDED);
}

FIRST_CASE(no_file_and_refused__errno_of_the_provider)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	fake_provider.reg_mr = ALWAYS(ENOMEM);
	errno = 0;
	assert_null(guarded_reg(WRITTEN));
	assert_int_equal(errno, ENOMEM);
	assert_record("reg_mr, classify, reg_mr");
}

FIRST_CASE(lease_taken_meanwhile__no_file_all_the_same)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	fake_lease.taken_each_time = 1;
	is_registered(WRITTEN, "reg_mr, classify");
}

/* By its lease the kernel may have pinned it. */
FIRST_CASE(lease_taken_meanwhile__of_that_file)
{
	fake_lease.taken_each_time = 1;
	is_registered(WRITTEN, "reg_mr, classify, dereg_mr, " GUARDED);
}

/* With a lease, for reading, on a kernel that pins all: */
FIRST_CASE(anonymous_before_and_after__no_look_at_mappings)
{
	fake_pages.seem_anonymous = fake_pages.are_anonymous = true;
	fake_lease.is_any = true;
	is_registered(WRITTEN, "reg_mr");
	assert_int_equal(fake_pages.n_noted, 1);
	record_clear();
	is_registered(IBV_ACCESS_REMOTE_READ, "reg_mr");
	fake_lease.is_any = false;
	fake_pin_rule_is_strict = false;
	record_clear();
	is_registered(WRITTEN, "reg_mr");
	assert_false(fake_provider.was_in_section);
}

FIRST_CASE(a_file_once_it_is_pinned__guarded)
{
	fake_pages.seem_anonymous = true;
	fake_lease.is_any = true;
	is_registered(WRITTEN, "reg_mr, classify, dereg_mr, " GUARDED);
	assert_int_equal(fake_pages.n_noted, 0);
}

FIRST_CASE(not_seen_once_it_is_pinned__no_file_all_the_same)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	fake_pages.seem_anonymous = true;
	fake_lease.is_any = true;
	is_registered(WRITTEN, "reg_mr, classify");
}

/* Pages of tmpfs are no anonymous ones: the kernel says so of each. */
FIRST_CASE(anonymous_and_policy_guards_shmem__no_look_at_mappings)
{
	fake_pages.seem_anonymous = fake_pages.are_anonymous = true;
	fake_config.may_guard_shmem = true;
	is_registered(WRITTEN, "reg_mr");
}

FIRST_CASE(shmem_once_it_is_pinned_and_policy_guards_it__guarded)
{
	fake_pages.seem_anonymous = true;
	fake_config.may_guard_shmem = true;
	is_registered(WRITTEN, "reg_mr, classify, dereg_mr, " GUARDED);
}

/* The pages, which would say that it is a file's, are not asked. */
static void count_pins(void)
{
	fake_pin_count.count = 1;
	fake_lease.is_any = true;
}

FIRST_CASE(kernel_counts_and_has_pinned_no_file__no_look)
{
	count_pins();
	fake_pages.seem_anonymous = true;
	is_registered(WRITTEN, "reg_mr");
	record_clear();
	is_registered(IBV_ACCESS_REMOTE_READ, "reg_mr");
	fake_lease.is_any = fake_pin_rule_is_strict = false;
	record_clear();
	is_registered(WRITTEN, "reg_mr");
	assert_false(fake_provider.was_in_section);
}

FIRST_CASE(kernel_counts_and_memory_is_new__pages_are_asked_before)
{
	count_pins();
	fake_pages.are_unknown = true;
	is_registered(WRITTEN, GUARDED);
	record_clear();
	fake_pages.are_anonymous = true;
	is_registered(WRITTEN, "reg_mr");
	assert_int_equal(fake_pages.n_noted, 1);
}

FIRST_CASE(kernel_counts_and_has_pinned_a_file__guarded)
{
	count_pins();
	fake_pin_count.each_time = 1;
	fake_pages.seem_anonymous = true;
	is_registered(WRITTEN, "reg_mr, classify, dereg_mr, " GUARDED);
	assert_int_equal(fake_pages.n_noted, 0);
}

/* By another thread */
FIRST_CASE(kernel_has_counted_and_pages_are_anonymous__registered)
{
	count_pins();
	fake_pin_count.each_time = 1;
	fake_pages.seem_anonymous = fake_pages.are_anonymous = true;
	is_registered(WRITTEN, "reg_mr");
}

FIRST_CASE(kernel_counts_and_memory_was_a_file__looked_at_before)
{
	count_pins();
	is_registered(WRITTEN, GUARDED);
}
