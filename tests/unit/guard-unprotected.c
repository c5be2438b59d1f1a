// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Registrations that the policy lets go without a guard, and says so */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ruled.h"

/* guard=none for the second of two files */
static void only_first_guarded(void)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_mapping.parts[1].file.path = "/open";
	fake_config.other_path = "/open";
	fake_config.other_policy.guard = GUARD_NONE;
}

/* Not counted as guarded; did @text */
static void goes_unguarded(int access, unsigned int refusals, const char *text)
{
	struct ibv_mr *mr = guarded_reg(access);

	assert_non_null(mr);
	assert_record(text);
	assert_false(fake_provider.was_in_section);
	assert_int_equal(fake_provider.access, access);
	assert_int_equal(stats.registrations, 0);
	assert_int_equal(stats.refusals, refusals);
	assert_null(fake_track.gmr);
	free(mr);
}

RULED_CASE(none__as_without_us)
{
	fake_config.policy.guard = GUARD_NONE;
	goes_unguarded(IBV_ACCESS_LOCAL_WRITE, 0, "classify, reg_mr");
	assert_logged("NOT PROTECTED");
}

RULED_CASE(none__memory_windows_too)
{
	fake_config.policy.guard = GUARD_NONE;
	goes_unguarded(IBV_ACCESS_MW_BIND, 0, "classify, reg_mr");
}

RULED_CASE(none__unknown_files_too)
{
	fake_config.policy.guard = GUARD_NONE;
	fake_mapping_set(1, MAPPING_UNKNOWN);
	goes_unguarded(0, 0, "classify, reg_mr");
}

RULED_CASE(none__errno_of_the_provider)
{
	fake_config.policy.guard = GUARD_NONE;
	fake_provider.reg_mr = ALWAYS(ENOMEM);
	errno = 0;
	assert_null(guarded_reg(0));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(stats.refusals, 0);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

RULED_CASE(none__said_once_for_a_file)
{
	fake_config.policy.guard = GUARD_NONE;
	fake_mapping.parts[0].file.ino = 1001;
	goes_unguarded(0, 0, "classify, reg_mr");
	goes_unguarded(0, 0, "classify, reg_mr");
	assert_int_equal(count(ruled_log(), "NOT PROTECTED"), 1);
	fake_mapping.parts[0].file.ino = 1002;
	goes_unguarded(0, 0, "classify, reg_mr");
	assert_int_equal(count(ruled_log(), "NOT PROTECTED"), 2);
}

RULED_CASE(none_for_one_of_two__other_is_guarded)
{
	only_first_guarded();
	(void)guarded_reg_succeeds("classify, take 1, prefault 1, adopt 7, "
				   "reg_mr, classify, track");
	assert_int_equal(fake_track.gmr->n_leases, 1);
	assert_int_equal(fake_track.gmr->n_ranges, 1);
	assert_int_equal(fake_track.gmr->ranges[0].ino, 1);
}

RULED_CASE(none_for_one_of_two__memory_window_EOPNOTSUPP)
{
	only_first_guarded();
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_MW_BIND));
	assert_int_equal(errno, EOPNOTSUPP);
}

RULED_CASE(warn__registered_after_the_reason)
{
	fake_config.policy.warn_on_refuse = true;
	fake_lease.take = ALWAYS(EACCES);
	fake_lease.cause.kind = CAUSE_NOT_OWNER;
	goes_unguarded(IBV_ACCESS_LOCAL_WRITE, 1, "classify, take 1, reg_mr");
	assert_logged("the owner of a file");
}

RULED_CASE(warn__also_where_nothing_can_guard)
{
	fake_config.policy.warn_on_refuse = true;
	fake_mapping_set(1, MAPPING_UNKNOWN);
	goes_unguarded(0, 1, "classify, reg_mr");
}

RULED_CASE(warn__memory_windows_too)
{
	fake_config.policy.warn_on_refuse = true;
	goes_unguarded(IBV_ACCESS_MW_BIND, 1, "classify, reg_mr");
}

RULED_CASE(warn__after_the_wait)
{
	fake_config.policy.warn_on_refuse = true;
	fake_lease.take = ALWAYS(EAGAIN);
	fake_retake_left = 1;
	goes_unguarded(0, 1,
		       "classify, take 1, wait, classify, take 1, "
		       "reg_mr");
}

/* Everything of the attempt is undone first. */
RULED_CASE(warn__leases_given_back)
{
	fake_config.policy.warn_on_refuse = true;
	fake_prefault.prefault = ALWAYS(EIO);
	goes_unguarded(0, 1, "classify, take 1, prefault 1, put 1, reg_mr");
	assert_int_equal(fake_lease.holders[1], 0);
}

RULED_CASE(warn__errno_of_the_provider)
{
	fake_config.policy.warn_on_refuse = true;
	fake_lease.take = ALWAYS(EACCES);
	fake_provider.reg_mr = ALWAYS(EINVAL);
	errno = 0;
	assert_null(guarded_reg(0));
	assert_int_equal(errno, EINVAL);
	assert_record("classify, take 1, reg_mr");
}

RULED_CASE(warn_for_one_of_two__refused)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_mapping.parts[1].file.path = "/lax";
	fake_config.other_path = "/lax";
	fake_config.other_policy.warn_on_refuse = true;
	fake_lease.take = ALWAYS(EACCES);
	guarded_reg_fails(EACCES, "classify, take 1");
}

/* Nobody knows then what policy there is for the file. */
RULED_CASE(warn_without_maps__refused)
{
	fake_config.policy.warn_on_refuse = true;
	fake_mapping.classify = ALWAYS(ENOENT);
	guarded_reg_fails(ENOENT, "classify");
}

RULED_CASE(warn__guarded_if_possible)
{
	fake_config.policy.warn_on_refuse = true;
	(void)guarded_reg_succeeds("classify, take 1, prefault 1, adopt 7, "
				   "reg_mr, classify, track");
}
