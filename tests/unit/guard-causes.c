// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Causes and their sentences: each is put into words of its own, with a way out,
 * whatever the errno.
 */
#include <errno.h>
#include <stdio.h>

#include "lib/ruled.h"

static void fails_because(enum cause_kind kind, const char *detail, int error)
{
	fake_lease.cause.kind = kind;
	snprintf(fake_lease.cause.detail, sizeof(fake_lease.cause.detail), "%s",
		 detail);
	fake_lease.take = ALWAYS(error);
	guarded_reg_fails(EOPNOTSUPP, "classify, take 1");
}

static void nobody_gives_layout_leases(void **state)
{
	fails_because(CAUSE_NO_PROVIDER, "", EOPNOTSUPP);
	assert_logged("the module layout_lease is not loaded");
	assert_logged("; install it (kernel/module/README.md of pinsafe)");
	assert_logged("modprobe layout_lease");
}

static void module_is_dead(void **state)
{
	fails_because(CAUSE_DEAD_MODULE, "dead: ftrace is off", EOPNOTSUPP);
	assert_logged("it says: dead: ftrace is off; see the kernel log");
	assert_not_logged("install");
}

static void module_for_tests(void **state)
{
	fails_because(CAUSE_CONTROL_MODULE, "", EOPNOTSUPP);
	assert_logged("layout_lease_control");
	assert_logged("; unload it");
}

static void module_for_other_file_systems(void **state)
{
	fails_because(CAUSE_NOT_THAT_FS, "xfs", EOPNOTSUPP);
	assert_logged("other file systems only: xfs; use one of them");
}

static void shared_blocks(void **state)
{
	fails_because(CAUSE_REFLINK, "65536", EOPNOTSUPP);
	assert_logged("shared with another file (reflink)");
	assert_logged("; run sync -f and then xfs_io -c \"unshare 0 65536\" on it");
	assert_logged("cp --reflink=never");
	assert_not_logged("modprobe");
}

static void file_system_says_no(void **state)
{
	fails_because(CAUSE_FS_SAYS_NO, "", EOPNOTSUPP);
	assert_logged("grants no layout lease on this file; use another file");
	assert_not_logged("modprobe");
}

/* That of the last attempt must not be left over. */
static void cause_of_another_attempt__is_forgotten(void **state)
{
	shared_blocks(state);
	stats.refusals = 0;
	fails_because(CAUSE_UNKNOWN, "", EOPNOTSUPP);
	assert_logged("grants no layout lease on this file");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		RULED_CASE(nobody_gives_layout_leases),
		RULED_CASE(module_is_dead),
		RULED_CASE(module_for_tests),
		RULED_CASE(module_for_other_file_systems),
		RULED_CASE(shared_blocks),
		RULED_CASE(file_system_says_no),
		RULED_CASE(cause_of_another_attempt__is_forgotten),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
