// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Registrations that come to nothing: which stage says no, what the program
 * gets, and that exactly what was done is undone, in reverse.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "lib/files.h"
#include "lib/guarded.h"

GUARDED_CASE(classify__ENOMEM)
{
	fake_mapping.classify = ALWAYS(ENOMEM);
	guarded_reg_fails(ENOMEM, "classify");
}

GUARDED_CASE(classify__EMFILE_on_the_keeper_too)
{
	fake_mapping.classify = ALWAYS(EMFILE);
	guarded_reg_fails(EMFILE, "classify, classify");
}

GUARDED_CASE(no_leases_on_the_file_system__EOPNOTSUPP)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_mapping.parts[0].fs_magic = FAKE_FS_WITHOUT_LEASES;
	guarded_reg_fails(EOPNOTSUPP, "classify");
}

GUARDED_CASE(btrfs_for_writing__EOPNOTSUPP)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_mapping.parts[0].fs_magic = BTRFS_SUPER_MAGIC;
	guarded_reg_fails(EOPNOTSUPP, "classify");
}

GUARDED_CASE(disk_cannot_be_asked__EOPNOTSUPP)
{
	size_t saved;

	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_mapping.parts[0].file.dev = makedev(8, 1);
	fake_mapping.parts[0].file.map_dev = makedev(8, 1);
	fake_keeper.call = ALWAYS(EMFILE);
	saved = descriptors_limit(0);
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	descriptors_limit(saved);
	assert_record("classify");
	assert_int_equal(stats.refusals, 1);
}

/* As Linux does since 6.5 for memory that the device writes to */
GUARDED_CASE(page_cache_cannot_be_pinned__EFAULT)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_provider.reg_mr = ALWAYS(EFAULT);
	guarded_reg_fails(EFAULT, "classify, take ordinary 1, prefault 1, "
				  "adopt 7, reg_mr, held? 1, classify, put 1");
}

GUARDED_CASE(page_cache__has_a_page_for_a_hole)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	assert_non_null(guarded_reg(IBV_ACCESS_REMOTE_READ));
	assert_record("classify, take ordinary 1, prefault for reading 1, "
		      "adopt 7, reg_mr, classify, track");
}

GUARDED_CASE(unknown_file__EOPNOTSUPP)
{
	fake_mapping_set(1, MAPPING_UNKNOWN);
	guarded_reg_fails(EOPNOTSUPP, "classify");
	fake_mapping_set(1, MAPPING_UNKNOWN);
	fake_mapping.parts[0].error = ENOENT;
	stats.refusals = 0;
	guarded_reg_fails(EOPNOTSUPP, "classify");
}

GUARDED_CASE(second_file_without_leases__EOPNOTSUPP)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_mapping.parts[1].kind = MAPPING_PAGE_CACHE;
	fake_mapping.parts[1].fs_magic = FAKE_FS_WITHOUT_LEASES;
	guarded_reg_fails(EOPNOTSUPP, "classify");
}

GUARDED_CASE(memory_window_bind__EOPNOTSUPP)
{
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_MW_BIND));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_record("classify");
	assert_int_equal(stats.refusals, 1);
}

/* Not a refusal of ours, so not counted */
GUARDED_CASE(track_alloc__ENOMEM)
{
	fake_track.alloc = ALWAYS(ENOMEM);
	errno = 0;
	assert_null(guarded_reg(0));
	assert_int_equal(errno, ENOMEM);
	assert_record("classify");
}

static void take_fails(int error, int expected)
{
	fake_lease.take = ALWAYS(error);
	guarded_reg_fails(expected, "classify, take 1");
}

static void take_fails_because(enum cause_kind kind, int error, int expected)
{
	fake_lease.cause.kind = kind;
	take_fails(error, expected);
}

GUARDED_CASE(lease__EOPNOTSUPP)
{
	take_fails(EOPNOTSUPP, EOPNOTSUPP);
}

GUARDED_CASE(lease__ENOLCK_is_EOPNOTSUPP)
{
	take_fails_because(CAUSE_LEASES_OFF, ENOLCK, EOPNOTSUPP);
}

GUARDED_CASE(lease__EACCES)
{
	take_fails(EACCES, EACCES);
}

GUARDED_CASE(lease__not_the_owner_is_EACCES)
{
	take_fails_because(CAUSE_NOT_OWNER, EPERM, EACCES);
}

GUARDED_CASE(lease__EBUSY)
{
	take_fails(EBUSY, EBUSY);
}

GUARDED_CASE(lease__ENOENT)
{
	take_fails(ENOENT, ENOENT);
}

GUARDED_CASE(lease__ENOMEM)
{
	take_fails(ENOMEM, ENOMEM);
}

GUARDED_CASE(lease__EMFILE)
{
	take_fails(EMFILE, EMFILE);
}

GUARDED_CASE(lease_of_second_file__EACCES)
{
	fake_mapping_set(3, MAPPING_FSDAX);
	fake_lease.take = ONCE_AT(3, EACCES);
	guarded_reg_fails(EACCES,
			  "classify, take 1, take 2, take 3, put 2, put 1");
}

static void prefault_fails(int error, int expected)
{
	fake_prefault.prefault = ALWAYS(error);
	guarded_reg_fails(expected, "classify, take 1, prefault 1, put 1");
}

GUARDED_CASE(prefault__ENOMEM)
{
	fake_prefault.prefault = ALWAYS(ENOMEM);
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(fake_prefault.prefault.n_calls, 16);
	assert_int_equal(fake_lease.holders[1], 0);
	assert_int_equal(stats.refusals, 1);
	record_clear();
}

GUARDED_CASE(prefault__EHWPOISON)
{
	prefault_fails(EHWPOISON, EHWPOISON);
}

static void prefault_EFAULT_because(int why, int expected)
{
	fake_prefault.prefault = ALWAYS(EFAULT);
	fake_prefault.why = ALWAYS(why);
	guarded_reg_fails(expected,
			  "classify, take 1, prefault 1, why 1, put 1");
}

GUARDED_CASE(prefault__ENOSPC)
{
	prefault_EFAULT_because(ENOSPC, ENOSPC);
}

GUARDED_CASE(prefault__EDQUOT)
{
	prefault_EFAULT_because(EDQUOT, EDQUOT);
}

GUARDED_CASE(prefault__EIO)
{
	prefault_EFAULT_because(EIO, EIO);
}

/* It may be that of a file that was mapped there in between. */
static void prefault_EFAULT_looked_at(int why)
{
	fake_prefault.prefault = ALWAYS(EFAULT);
	fake_prefault.why = ALWAYS(why);
	guarded_reg_fails(EFAULT, "classify, take 1, prefault 1, why 1, "
				  "classify, put 1");
}

GUARDED_CASE(prefault__beyond_the_end_is_EFAULT)
{
	prefault_EFAULT_looked_at(ENXIO);
}

GUARDED_CASE(prefault__EFAULT)
{
	prefault_EFAULT_looked_at(EFAULT);
}

GUARDED_CASE(prefault_of_second_file__EIO)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_prefault.prefault = ONCE_AT(2, EIO);
	guarded_reg_fails(EIO, "classify, take 1, take 2, prefault 1, "
			       "prefault 2, put 2, put 1");
}

GUARDED_CASE(read_only_over_a_hole__EFAULT)
{
	fake_mapping.parts[0].writable = false;
	fake_prefault.check_blocks = ALWAYS(ENXIO);
	guarded_reg_fails(EFAULT,
			  "classify, take 1, prefault for reading 1, check 1, "
			  "classify, put 1");
}

GUARDED_CASE(read_only__check_fails_EIO)
{
	fake_mapping.parts[0].writable = false;
	fake_prefault.check_blocks = ALWAYS(EIO);
	guarded_reg_fails(EIO, "classify, take 1, prefault for reading 1, "
			       "check 1, put 1");
}

GUARDED_CASE(adopt__EMFILE)
{
	fake_device.adopt = ALWAYS(EMFILE);
	guarded_reg_fails(EMFILE,
			  "classify, take 1, prefault 1, adopt 7, put 1");
	assert_false(fake_device_is_adopted(&guarded_context));
}

/* It is registered by then: what nobody could revoke is undone. */
GUARDED_CASE(not_the_device_that_the_keeper_has__EBADF)
{
	fake_device.prove = ALWAYS(EBADF);
	guarded_reg_fails(EBADF, "classify, take 1, prefault 1, adopt 7, "
				 "reg_mr, dereg_mr, put 1");
}

#define UP_TO_REG_MR "classify, take 1, prefault 1, adopt 7, reg_mr"

GUARDED_CASE(register__ENOMEM)
{
	fake_provider.reg_mr = ALWAYS(ENOMEM);
	guarded_reg_fails(ENOMEM, UP_TO_REG_MR ", held? 1, put 1");
}

GUARDED_CASE(register__without_errno_is_EIO)
{
	fake_provider.reg_mr = ALWAYS(EDOM);
	guarded_reg_fails(EIO, UP_TO_REG_MR ", held? 1, put 1");
}

GUARDED_CASE(register_over_two_files__EINVAL)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_provider.reg_mr = ALWAYS(EINVAL);
	guarded_reg_fails(EINVAL, "classify, take 1, take 2, prefault 1, "
				  "prefault 2, adopt 7, reg_mr, "
				  "held? 1, held? 2, put 2, put 1");
}

GUARDED_CASE(look_again__cannot_classify)
{
	fake_mapping.classify = ONCE_AT(2, ENOMEM);
	guarded_reg_fails(ENOMEM, UP_TO_REG_MR ", classify, dereg_mr, put 1");
}
