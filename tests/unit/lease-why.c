// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which cause is recorded for a lease that the kernel does not grant */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "fakes/fake_fstatfs.h"
#include "fakes/fake_open.h"
#include "fakes/fake_statx.h"
#include "lib/files.h"
#include "lib/provided.h"
#include "lib/test.h"
#include "machine/lease_why.h"

static struct file file, log_file;
static struct cause cause;

static int setup(void **state)
{
	memset(&cause, 0, sizeof(cause));
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	fake_statx_is_dax = false;
	return provided_setup(state);
}

#define WHY_CASE(fn) CASE_WITH(fn, setup, NULL)

static void layout(int error, int expected, enum cause_kind kind,
		   const char *detail)
{
	assert_int_equal(lease_why_not_layout(file.fd, error, &cause),
			 expected);
	assert_int_equal(cause.kind, kind);
	if (detail)
		assert_string_equal(cause.detail, detail);
}

/* The first case: it is said once. */
WHY_CASE(provider__is_logged_once)
{
	file_make(&log_file, DISK, 0);
	log_setup(LOG_LEVEL_INFO, log_file.path);
	provided_module("1.2", "ok", "ext4 xfs");
	lease_tell_provider();
	assert_non_null(strstr(
		file_text(log_file.path),
		"the module layout_lease 1.2 gives layout leases, on ext4 xfs"));
	assert_int_equal(ftruncate(log_file.fd, 0), 0);
	lease_tell_provider();
	layout(EOPNOTSUPP, EOPNOTSUPP, CAUSE_FS_SAYS_NO, NULL);
	assert_string_equal(file_text(log_file.path), "");
	log_setup(LOG_LEVEL_WARN, NULL);
	file_put(&log_file);
}

WHY_CASE(nobody_gives_any)
{
	layout(EINVAL, EOPNOTSUPP, CAUSE_NO_PROVIDER, NULL);
}

WHY_CASE(leases_turned_off)
{
	fake_open_file("/proc/sys/fs/leases-enable", "0\n");
	layout(EINVAL, ENOLCK, CAUSE_LEASES_OFF, NULL);
	assert_int_equal(lease_why_not(file.fd, EINVAL, &cause), ENOLCK);
	assert_int_equal(cause.kind, CAUSE_LEASES_OFF);
}

WHY_CASE(module_is_dead)
{
	provided_module("1.2", "dead: a hook is gone", "ext4");
	layout(EINVAL, EOPNOTSUPP, CAUSE_DEAD_MODULE, "dead: a hook is gone");
	layout(EOPNOTSUPP, EOPNOTSUPP, CAUSE_DEAD_MODULE, NULL);
}

WHY_CASE(module_for_other_file_systems)
{
	provided_module("1.2", "ok", "xfs");
	layout(EINVAL, EOPNOTSUPP, CAUSE_NOT_THAT_FS, "xfs");
	layout(EOPNOTSUPP, EOPNOTSUPP, CAUSE_NOT_THAT_FS, "xfs");
}

WHY_CASE(module_for_tests)
{
	fake_open_file("/sys/module/layout_lease_control/version", "1.2\n");
	layout(EINVAL, EOPNOTSUPP, CAUSE_CONTROL_MODULE, NULL);
}

WHY_CASE(shared_blocks)
{
	fake_fstatfs_magic = XFS_SUPER_MAGIC;
	fake_statx_is_dax = true;
	provided_module("1.2", "ok", "ext4 xfs");
	layout(EOPNOTSUPP, EOPNOTSUPP, CAUSE_REFLINK, "12288");
	provided_module(NULL, NULL, NULL);
	provided_lease_error = EOPNOTSUPP;
	layout(EOPNOTSUPP, EOPNOTSUPP, CAUSE_REFLINK, "12288");
}

/* With a page cache it is no matter of shared blocks. */
WHY_CASE(xfs_without_dax)
{
	fake_fstatfs_magic = XFS_SUPER_MAGIC;
	provided_module("1.2", "ok", "ext4 xfs");
	layout(EOPNOTSUPP, EOPNOTSUPP, CAUSE_FS_SAYS_NO, NULL);
}

static void not_there(unsigned long fs_magic, enum cause_kind kind)
{
	lease_why_not_there(fs_magic, &cause);
	assert_int_equal(cause.kind, kind);
}

WHY_CASE(page_caches)
{
	not_there(EXT4_SUPER_MAGIC, CAUSE_NO_PROVIDER);
	provided_module("1.2", "ok", "ext4 xfs");
	not_there(EXT4_SUPER_MAGIC, CAUSE_DAX_ONLY);
	not_there(BTRFS_SUPER_MAGIC, CAUSE_NOT_THAT_FS);
	provided_module("1.2", "dead: a hook is gone", "ext4");
	not_there(EXT4_SUPER_MAGIC, CAUSE_DEAD_MODULE);
}

/* Which hides who would give some */
WHY_CASE(page_caches__no_sysfs)
{
	fake_open_fails("/sys/module", ENOENT);
	fake_open_fails("/proc/sys/fs/leases-enable", ENOENT);
	not_there(EXT4_SUPER_MAGIC, CAUSE_NO_SYSFS);
}

WHY_CASE(page_caches__leases_turned_off)
{
	fake_open_file("/proc/sys/fs/leases-enable", "0\n");
	not_there(EXT4_SUPER_MAGIC, CAUSE_LEASES_OFF);
}

static void not_written(const char *module_says, unsigned long fs_magic,
			enum cause_kind kind)
{
	fake_fstatfs_magic = fs_magic;
	provided_page_caches(module_says);
	lease_why_not_written(file.fd, &cause);
	assert_int_equal(cause.kind, kind);
}

WHY_CASE(written)
{
	provided_module("1.2", "ok", "ext4 btrfs");
	not_written("no: a hook does not fire", EXT4_SUPER_MAGIC,
		    CAUSE_NO_PROMISE);
	assert_string_equal(cause.detail, "no: a hook does not fire");
	not_written(NULL, EXT4_SUPER_MAGIC, CAUSE_NO_PROMISE);
	assert_string_equal(cause.detail, "it does not offer that");
	not_written("yes", BTRFS_SUPER_MAGIC, CAUSE_CHECKSUMS);
	not_written("yes", EXT4_SUPER_MAGIC, CAUSE_NOT_WRITTEN);
}

WHY_CASE(ordinary)
{
	assert_int_equal(lease_why_not(file.fd, EINVAL, &cause), EOPNOTSUPP);
	assert_int_equal(cause.kind, CAUSE_NO_LEASES);
}

WHY_CASE(other_errno__as_it_is)
{
	layout(EAGAIN, EAGAIN, CAUSE_UNKNOWN, NULL);
	layout(EIO, EIO, CAUSE_CALL, "fcntl(2) with F_SETLEASE");
}

WHY_CASE(somebody_elses_file)
{
	fake_open_file("/proc/thread-self/status",
		       "Name:\tx\nUid:\t0\t0\t0\t4242\n");
	layout(EACCES, EACCES, CAUSE_NOT_OWNER, NULL);
}

/* The kernel would not say so; a security module does. */
WHY_CASE(our_own_file)
{
	layout(EACCES, EACCES, CAUSE_CALL, "fcntl(2) with F_SETLEASE");
}

static void open_fails(int error, int expected, enum cause_kind kind)
{
	memset(&cause, 0, sizeof(cause));
	assert_int_equal(lease_why_not_open(error, &cause), expected);
	assert_int_equal(cause.kind, kind);
}

WHY_CASE(file_cannot_be_opened)
{
	open_fails(EWOULDBLOCK, EBUSY, CAUSE_OTHERS_LEASE);
	open_fails(EACCES, EACCES, CAUSE_NO_PERMISSION);
	open_fails(EMFILE, EMFILE, CAUSE_NO_DESCRIPTORS);
	open_fails(ENOENT, ENOENT, CAUSE_OUT_OF_REACH);
	fake_open_fails("/proc/thread-self/fd", ENOENT);
	open_fails(ENOENT, ENOENT, CAUSE_NO_PROC);
	open_fails(ENFILE, ENFILE, CAUSE_CALL);
	open_fails(EIO, EIO, CAUSE_CALL);
}

int group_setup(void **state)
{
	file_make(&file, DISK, 3);
	return 0;
}

int group_teardown(void **state)
{
	file_put(&file);
	return 0;
}
