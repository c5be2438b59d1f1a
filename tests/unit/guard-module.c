// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the module layout_lease does for files with a page cache and for memory:
 * each refusal that it would lift names it, and none where it is loaded; without
 * its promise nothing is written.
 */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>

#include "lib/ruled.h"

static const char module[] = "; or load the module layout_lease";
static const char setting[] = "; or set page_cache_write=yes";

static struct mapping_part *page_cache(void)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_mapping.parts[0].fs_magic = EXT4_SUPER_MAGIC;
	return &fake_mapping.parts[0];
}

static void refused(int error)
{
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, error);
}

/* By what is set up, with and without the module; then it is over. */
static void module_would_help(int error)
{
	fake_lease.provider.kind = PROVIDER_MODULE;
	refused(error);
	assert_not_logged(module);
	fake_lease.provider.kind = PROVIDER_NONE;
	refused(error);
	assert_logged(module);
}

static void lease_fails(enum cause_kind kind, int error, int expected)
{
	page_cache();
	fake_lease.cause.kind = kind;
	fake_lease.take = ALWAYS(error);
	module_would_help(expected);
}

RULED_CASE(somebody_else_has_it_open)
{
	lease_fails(CAUSE_OPEN_ELSEWHERE, EAGAIN, EAGAIN);
}

RULED_CASE(somebody_opens_it)
{
	lease_fails(CAUSE_BREAK, EAGAIN, EAGAIN);
}

RULED_CASE(descriptor_closed)
{
	lease_fails(CAUSE_OUT_OF_REACH, ENOENT, ENOENT);
}

RULED_CASE(too_many_files_to_keep)
{
	lease_fails(CAUSE_NOT_KEPT, ENOENT, ENOENT);
}

RULED_CASE(direct_io)
{
	lease_fails(CAUSE_DIRECT, EINVAL, EINVAL);
}

RULED_CASE(hold)
{
	page_cache();
	fake_config.policy.hold_on_break = true;
	module_would_help(EINVAL);
}

RULED_CASE(btrfs)
{
	struct mapping_part *part = page_cache();

	part->fs_magic = BTRFS_SUPER_MAGIC;
	part->error = ENOENT;
	module_would_help(EOPNOTSUPP);
}

RULED_CASE(memfd)
{
	struct mapping_part *part = page_cache();

	part->kind = MAPPING_SHMEM;
	part->fs_magic = TMPFS_MAGIC;
	part->file.path = "/memfd:x (deleted)";
	module_would_help(EOPNOTSUPP);
}

RULED_CASE(written)
{
	page_cache();
	fake_provider.reg_mr = ALWAYS(EFAULT);
	strcpy(fake_lease.provider.page_cache_write, "no: it is too old");
	module_would_help(EFAULT);
	assert_not_logged(setting);
	fake_lease.provider.kind = PROVIDER_MODULE;
	strcpy(fake_lease.provider.page_cache_write, "yes");
	refused(EFAULT);
	assert_logged(setting);
}

/* It would not, and has to do with neither. */
RULED_CASE(nfs_and_dax__not_named)
{
	fake_lease.provider.kind = PROVIDER_NONE;
	page_cache()->fs_magic = FAKE_FS_WITHOUT_LEASES;
	refused(EOPNOTSUPP);
	fake_mapping_set(1, MAPPING_FSDAX);
	fake_lease.cause.kind = CAUSE_OUT_OF_REACH;
	fake_lease.take = ALWAYS(ENOENT);
	refused(ENOENT);
	assert_not_logged(module);
}

static void with_layout(enum cause_kind kind)
{
	page_cache();
	fake_config.policy.page_cache_write = true;
	fake_lease.has_layout = true;
	fake_lease.cause.kind = kind;
}

/* The module has one for this file system, but the keeper finds no way to it. */
RULED_CASE(not_to_be_opened__ordinary_and_told)
{
	with_layout(CAUSE_UNKNOWN);
	fake_config.policy.page_cache_write = false;
	fake_lease.take = ONCE(ENOENT);
	assert_non_null(guarded_reg(IBV_ACCESS_REMOTE_READ));
	record_clear();
	assert_logged("cannot be opened for a layout lease: it is not to be");
}

RULED_CASE(kernel_has_none_for_it__ordinary)
{
	with_layout(CAUSE_UNKNOWN);
	fake_config.policy.page_cache_write = false;
	fake_lease.take = ONCE(EOPNOTSUPP);
	assert_non_null(guarded_reg(IBV_ACCESS_REMOTE_READ));
	record_clear();
	assert_not_logged("cannot be opened for a layout lease");
}

static void not_kept(enum cause_kind kind, const char *text)
{
	with_layout(kind);
	record_clear();
	refused(EOPNOTSUPP);
	assert_record("classify, take 1, put 1");
	assert_logged("page_cache_write=yes, but the module layout_lease");
	assert_logged(text);
}

RULED_CASE(promise_is_not_given__written_refused)
{
	strcpy(fake_lease.cause.detail, "no: a hook is missing");
	not_kept(CAUSE_NO_PROMISE, "(no: a hook is missing); use");
	not_kept(CAUSE_CHECKSUMS, "(chattr +C)");
	not_kept(CAUSE_ENCRYPTED, "encrypted; use");
	not_kept(CAUSE_VERITY, "fs-verity");
	not_kept(CAUSE_JOURNAL, "chattr -j");
	not_kept(CAUSE_NOT_WRITTEN, "swap file");
}

RULED_CASE(promise_is_not_given__read)
{
	with_layout(CAUSE_NOT_WRITTEN);
	assert_non_null(guarded_reg(IBV_ACCESS_REMOTE_READ));
	assert_false(fake_track.gmr->ranges[0].is_kept);
}

RULED_CASE(promise_is_given__kept)
{
	with_layout(CAUSE_UNKNOWN);
	fake_lease.keeps_writes = true;
	assert_non_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_true(fake_track.gmr->ranges[0].is_kept);
}

RULED_CASE(memory__not_to_be_made_dirty)
{
	with_layout(CAUSE_UNKNOWN);
	fake_mapping_set(1, MAPPING_SHMEM);
	assert_non_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_true(fake_track.gmr->ranges[0].is_kept);
}
