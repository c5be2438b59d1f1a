// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Causes and their sentences: each is put into words of its own, with a way out,
 * whatever the errno.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/ruled.h"
#include "policy/options.h"

static void fails_because(enum cause_kind kind, const char *detail, int error)
{
	fake_lease.cause.kind = kind;
	snprintf(fake_lease.cause.detail, sizeof(fake_lease.cause.detail), "%s",
		 detail);
	fake_lease.take = ALWAYS(error);
	guarded_reg_fails(EOPNOTSUPP, "classify, take 1");
}

RULED_CASE(nobody_gives_layout_leases)
{
	fails_because(CAUSE_NO_PROVIDER, "", EOPNOTSUPP);
	assert_logged("the module layout_lease is not loaded");
	assert_logged("; install it (kernel/module/README.md of pinsafe)");
	assert_logged("modprobe layout_lease");
}

RULED_CASE(module_is_dead)
{
	fails_because(CAUSE_DEAD_MODULE, "dead: ftrace is off", EOPNOTSUPP);
	assert_logged("it says: dead: ftrace is off; see the kernel log");
	assert_not_logged("install");
}

RULED_CASE(module_for_tests)
{
	fails_because(CAUSE_CONTROL_MODULE, "", EOPNOTSUPP);
	assert_logged("layout_lease_control");
	assert_logged("; unload it");
}

RULED_CASE(module_for_other_file_systems)
{
	fails_because(CAUSE_NOT_THAT_FS, "xfs", EOPNOTSUPP);
	assert_logged("other file systems only: xfs; use one of them");
}

RULED_CASE(shared_blocks)
{
	fails_because(CAUSE_REFLINK, "65536", EOPNOTSUPP);
	assert_logged("shared with another file (reflink)");
	assert_logged("; run sync -f and then xfs_io -c \"unshare 0 65536\" on it");
	assert_logged("cp --reflink=never");
	assert_not_logged("modprobe");
}

RULED_CASE(file_system_says_no)
{
	fails_because(CAUSE_FS_SAYS_NO, "", EOPNOTSUPP);
	assert_logged("grants no layout lease on this file; use another file");
	assert_not_logged("modprobe");
}

static void lease_refused(enum cause_kind kind, int error, int expected)
{
	fake_lease.cause.kind = kind;
	fake_lease.take = ALWAYS(error);
	guarded_reg_fails(expected, "classify, take 1");
}

RULED_CASE(not_the_owner)
{
	lease_refused(CAUSE_NOT_OWNER, EACCES, EACCES);
	assert_logged("; run as the owner or give the program that capability");
}

/* The same errno, another cause */
RULED_CASE(not_readable)
{
	lease_refused(CAUSE_NO_PERMISSION, EACCES, EACCES);
	assert_logged("; give the program permission to read it");
	assert_not_logged("owner");
}

RULED_CASE(errno_without_a_cause__nothing_made_up)
{
	lease_refused(CAUSE_UNKNOWN, EACCES, EACCES);
	assert_logged("no lease can be taken on the file: Permission denied; ");
	assert_not_logged("owner");
}

RULED_CASE(own_lease)
{
	lease_refused(CAUSE_OWN_LEASE, EBUSY, EBUSY);
	assert_logged("has a lease on it");
}

RULED_CASE(direct_io)
{
	lease_refused(CAUSE_DIRECT, EINVAL, EINVAL);
	assert_logged("has O_DIRECT");
	assert_logged("turn it off by fcntl(2) with F_SETFL before");
}

RULED_CASE(lease_of_another_process)
{
	lease_refused(CAUSE_OTHERS_LEASE, EBUSY, EBUSY);
	assert_logged("another process has an ordinary lease");
}

RULED_CASE(too_many_files_to_keep)
{
	lease_refused(CAUSE_NOT_KEPT, ENOENT, ENOENT);
	assert_logged("; raise RLIMIT_NOFILE (ulimit -n), to ");
	assert_not_logged("keep a descriptor of the file open");
}

RULED_CASE(too_many_leases)
{
	lease_refused(CAUSE_NO_DESCRIPTORS, EMFILE, EMFILE);
	assert_logged("; raise RLIMIT_NOFILE (ulimit -n), to ");
}

RULED_CASE(out_of_reach)
{
	lease_refused(CAUSE_OUT_OF_REACH, ENOENT, ENOENT);
	assert_logged("; keep a descriptor of the file open");
}

/* As late as that it is the same cause. */
RULED_CASE(broken_between_pin_and_track)
{
	fake_track.add = ALWAYS(EAGAIN);
	guarded_reg_fails(EAGAIN, "classify, take 1, prefault 1, adopt 7, "
				  "reg_mr, classify, track, dereg_mr, put 1");
	assert_logged("its lease is being broken");
}

static void no_keeper(enum cause_kind kind, int error)
{
	fake_keeper.start = ALWAYS(error);
	fake_keeper.start_cause.kind = kind;
	strcpy(fake_keeper.start_cause.detail, "8192 KiB");
	fake_keeper.start_cause.start = RLIMIT_MEMLOCK;
	/* Not tried again, for it does not pass */
	fake_retake_left = 5;
	guarded_reg_fails(error, "classify");
	assert_int_equal(fake_retake_left, 5);
}

RULED_CASE(no_more_threads)
{
	no_keeper(CAUSE_NO_THREAD, EAGAIN);
	assert_logged("; raise RLIMIT_NPROC (ulimit -u), pids.max");
	assert_not_logged("RLIMIT_MEMLOCK");
}

RULED_CASE(no_memory_for_a_thread)
{
	no_keeper(CAUSE_NO_STACK, EAGAIN);
	assert_logged("its stack of 8192 KiB");
	assert_logged("; raise RLIMIT_MEMLOCK (ulimit -l), or lower");
}

static void bad_part(enum cause_kind kind)
{
	fake_mapping.bad_part = (struct cause){ .kind = kind,
						.start = 0x3000,
						.end = 0x5000,
						.detail = "/lib/x" };
}

static void pin_fails_because(enum cause_kind kind)
{
	bad_part(kind);
	fake_provider.reg_mr = ALWAYS(EFAULT);
	guarded_reg_fails(EFAULT, "classify, take 1, prefault 1, adopt 7, "
				  "reg_mr, held? 1, classify, put 1");
	assert_logged("of the range, 0x3000-0x5000 ");
	assert_not_logged("since 6.5");
}

RULED_CASE(part_is_read_only)
{
	pin_fails_because(CAUSE_READ_ONLY);
	assert_logged("(/lib/x) is mapped read-only");
	assert_logged("; map it PROT_WRITE");
}

RULED_CASE(part_has_no_access)
{
	pin_fails_because(CAUSE_NO_ACCESS);
	assert_logged("(PROT_NONE); make it accessible by mprotect(2)");
}

RULED_CASE(part_is_not_mapped)
{
	pin_fails_because(CAUSE_NOT_MAPPED);
	assert_logged("is not mapped; register only what is");
}

RULED_CASE(prefault__part_has_no_access)
{
	bad_part(CAUSE_NO_ACCESS);
	fake_prefault.prefault = ALWAYS(EFAULT);
	fake_prefault.why = ALWAYS(EFAULT);
	guarded_reg_fails(EFAULT, "classify, take 1, prefault 1, why 1, "
				  "classify, put 1");
	assert_logged("of the range, 0x3000-0x5000 (/lib/x) is mapped without");
}

/* On FS-DAX, all of it accessible: the rule for page caches is none of it. */
RULED_CASE(dax_pin_fails__no_rule_for_page_caches)
{
	fake_provider.reg_mr = ALWAYS(EFAULT);
	guarded_reg_fails(EFAULT, "classify, take 1, prefault 1, adopt 7, "
				  "reg_mr, held? 1, classify, put 1");
	assert_not_logged("page cache");
}

static void gives_up_because(const char *text)
{
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, EAGAIN);
	assert_logged(text);
}

RULED_CASE(waits_for_a_break)
{
	fake_lease.take = ALWAYS(EAGAIN);
	fake_lease.cause.kind = CAUSE_BREAK;
	gives_up_because("its lease is being broken");
}

/* Not for the first time in this registration, which has options */
RULED_CASE(waits_for_a_break_again__says_how_long)
{
	const struct reg_options options = { .timeout_ms = -1 };

	fake_lease.take = ALWAYS(EAGAIN);
	fake_lease.cause.kind = CAUSE_BREAK;
	fake_mapping.vanishes_at = 1;
	fake_provider.reg_mr = ONCE(EOPNOTSUPP);
	fake_retake_left = 1;
	options_set(&options);
	gives_up_because("come to an end within 1000 ms");
	options_set(NULL);
}

RULED_CASE(waits_for_another_opener)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_lease.take = ALWAYS(EAGAIN);
	fake_lease.cause.kind = CAUSE_OPEN_ELSEWHERE;
	gives_up_because("nobody else has open");
}

RULED_CASE(mapping_replaced_all_the_time)
{
	fake_mapping.changes_at = 2;
	gives_up_because("other threads mapped other memory there");
}

/* One answer, whether or not there is a lease on the file */
static void private_dax(bool has_leases, const char *text)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	fake_mapping.private_dax = (struct cause){ .kind = CAUSE_PRIVATE_DAX,
						   .start = 0x1000,
						   .end = 0x2000,
						   .detail = "/weights" };
	stats_add(leases, has_leases);
	if (!has_leases)
		fake_provider.reg_mr = ALWAYS(EOPNOTSUPP);
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_REMOTE_READ));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_record(text);
	assert_logged("0x1000-0x2000 (/weights): registration refused");
	assert_logged("; map it MAP_SHARED");
}

RULED_CASE(private_dax__alone)
{
	private_dax(false, "classify, reg_mr, classify");
}

RULED_CASE(private_dax__beside_a_lease)
{
	private_dax(true, "classify");
}

RULED_CASE(private_dax__in_a_guarded_range)
{
	fake_mapping.private_dax.kind = CAUSE_PRIVATE_DAX;
	guarded_reg_fails(EOPNOTSUPP, "classify");
	assert_logged("a private mapping of a file with DAX");
}

/* That of the last attempt must not be left over. */
RULED_CASE(cause_of_another_attempt__is_forgotten)
{
	shared_blocks(state);
	stats.refusals = 0;
	fails_because(CAUSE_UNKNOWN, "", EOPNOTSUPP);
	assert_logged("grants no layout lease on this file");
}
