// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The same of refusals that are about the policy and the module */
#include <errno.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/ways.h"

#define MODULE "/sys/module/layout_lease"

/* Where the kernel pins no page cache for writing */
int __wrap_uname(struct utsname *ret_uts);
int __wrap_uname(struct utsname *ret_uts)
{
	*ret_uts = (struct utsname){ .release = "6.12.0" };
	return 0;
}

static void hold(void)
{
	ways_page_cache(false);
	setenv("PINSAFE_ON_BREAK", "hold", 1);
}

static void no_hold(void)
{
	ways_page_cache(false);
	setenv("PINSAFE_ON_BREAK", "revoke", 1);
}

static void page_cache(void)
{
	ways_page_cache(false);
}

static void module(void)
{
	ways_page_cache(true);
}

static void no_layout_leases(void)
{
	fake_fcntl.layout_errno = EINVAL;
}

static void layout_leases(void)
{
	fake_fcntl.layout_errno = 0;
}

static void guard_layout(void)
{
	page_cache();
	setenv("PINSAFE_GUARD", "layout", 1);
}

static void guard_layout_for_dax_only(void)
{
	guard_layout();
	fake_open_file(MODULE "/version", "1.0\n");
	fake_open_file(MODULE "/parameters/file_systems", "ext4 xfs\n");
}

static void guard_layout_without_sys(void)
{
	guard_layout();
	fake_open_fails("/sys/module", ENOENT);
	fake_open_fails("/proc/sys/fs/leases-enable", ENOENT);
}

/* And with the module, which shows now */
static void with_sys(void)
{
	guard_layout();
	module();
}

static void guard_lease(void)
{
	page_cache();
	setenv("PINSAFE_GUARD", "lease", 1);
}

static void file_without(void)
{
	fake_fcntl.layout_errno = EOPNOTSUPP;
}

static void guard_layout_without(void)
{
	module();
	setenv("PINSAFE_GUARD", "layout", 1);
	file_without();
}

static void guard_auto_without(void)
{
	module();
	file_without();
}

static void dead_module(void)
{
	file_without();
	fake_open_file(MODULE "/version", "1.0\n");
	fake_open_file(MODULE "/parameters/state", "dead: ftrace is off\n");
}

static void loaded_anew(void)
{
	fake_open_file(MODULE "/parameters/state", "ok\n");
	layout_leases();
}

static void control_module(void)
{
	file_without();
	fake_open_file(MODULE "_control/version", "1.0\n");
}

static void the_module_instead(void)
{
	fake_open_fails(MODULE "_control/version", ENOENT);
	fake_open_file(MODULE "/version", "1.0\n");
	layout_leases();
}

static void module_for_xfs(void)
{
	file_without();
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	fake_open_file(MODULE "/version", "1.0\n");
	fake_open_file(MODULE "/parameters/file_systems", "xfs\n");
}

static void on_xfs(void)
{
	fake_fstatfs_magic = XFS_SUPER_MAGIC;
	layout_leases();
}

static void written_page_cache(void)
{
	module();
	ways_pin_errno = EFAULT;
}

static void written_without_module(void)
{
	page_cache();
	ways_pin_errno = EFAULT;
}

/* The kernel pins what it keeps written. */
static void keep_writes(void)
{
	module();
	setenv("PINSAFE_PAGE_CACHE_WRITE", "yes", 1);
}

static void not_kept_written(void)
{
	keep_writes();
	fake_fcntl.layout_write_errno = EOPNOTSUPP;
}

static void kept_written(void)
{
	fake_fcntl.layout_write_errno = 0;
}

static void not_kept_on_btrfs(void)
{
	not_kept_written();
	fake_open_file(MODULE "/parameters/file_systems", "btrfs ext4 tmpfs\n");
	fake_fstatfs_magic = BTRFS_SUPER_MAGIC;
}

static void kept_on_ext4(void)
{
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	kept_written();
}

static void journalled(bool is_set)
{
	int flags = 0;

	if (ioctl(STACK_A->fd, FS_IOC_GETFLAGS, &flags))
		_exit(0); /* not on this file system */
	flags = is_set ? flags | FS_JOURNAL_DATA_FL
		       : flags & ~FS_JOURNAL_DATA_FL;
	if (ioctl(STACK_A->fd, FS_IOC_SETFLAGS, &flags))
		_exit(0);
}

static void not_kept_in_the_journal(void)
{
	not_kept_written();
	journalled(true);
}

static void without_the_journal(void)
{
	journalled(false);
	kept_written();
}

static void no_promise(void)
{
	not_kept_written();
	fake_open_file(MODULE "/parameters/page_cache_write",
		       "no: a hook does not fire\n");
}

static void promise(void)
{
	module();
	kept_written();
}

static void with_dax(void)
{
	fake_statx_is_dax = true;
}

static void anonymous_memory(void)
{
	ways_map(-1, MAP_PRIVATE | MAP_ANONYMOUS);
}

static void guarded_memfd(void)
{
	int fd = memfd_create("x", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, ways_ask.length), 0);
	ways_map(fd, MAP_SHARED);
	setenv("PINSAFE_SHMEM", "guard", 1);
	fake_statx_is_dax = false;
}

static void passed_memfd(void)
{
	guarded_memfd();
	setenv("PINSAFE_SHMEM", "pass", 1);
}

static void guarded_tmpfs(void)
{
	static struct file file;

	guarded_memfd();
	file_make(&file, SHM, STACK_PAGES);
	ways_map(file.fd, MAP_SHARED);
	unlink(file.path);
}

static struct ibv_mr *ordinary;

static void another_is_ordinary(void)
{
	ways_page_cache(false);
	ordinary = stack_reg_file(STACK_A);
	module();
	ways_ask.guard = PINSAFE_GUARD_LAYOUT;
}

static void deregister_it(void)
{
	stack_dereg_ok(ordinary);
}

static const struct way rows[] = {
	ROW(WAY("set on_break=revoke for it"), hold, no_hold, .is_anew = true),
	ROW(WAY("load it on this machine: modprobe layout_lease"),
	  no_layout_leases, layout_leases),
	ROW(WAY(", or use guard=auto"), guard_layout, page_cache,
	  .is_anew = true),
	ROW(WAY("use guard=auto"), guard_layout_for_dax_only, page_cache,
	  .is_anew = true),
	ROW(WAY("guard=lease"), guard_layout_for_dax_only, guard_lease,
	  .is_anew = true),
	ROW(WAY("mount /sys"), guard_layout_without_sys, with_sys,
	  .is_anew = true),
	ROW(WAY("use another file, or one on ext4 or xfs with DAX"), file_without, layout_leases),
	ROW(WAY(", or guard=auto"), guard_layout_without, guard_auto_without,
	  .is_anew = true),
	ROW(WAY("see the kernel log, and when no lease is left load it anew: modprobe -r layout_lease, modprobe layout_lease"),
	  dead_module, loaded_anew),
	ROW(WAY("unload it and load layout_lease"), control_module,
	  the_module_instead),
	ROW(WAY("use one of them"), module_for_xfs, on_xfs),
	ROW(WAY("or set page_cache_write=yes for it, of which pinsafe.conf(5) tells the price"), written_page_cache,
	  keep_writes, .is_anew = true),
	ROW(WAY("or load the module layout_lease (kernel/module/README.md of pinsafe), with which page_cache_write=yes can allow it"),
	  written_without_module, keep_writes, .is_anew = true),
	ROW(WAY("use another file"), not_kept_written, kept_written),
	ROW(WAY(", or a file system mounted with -o dax"), not_kept_written,
	  with_dax),
	ROW(WAY("use a file on ext4 or xfs"), not_kept_on_btrfs, kept_on_ext4),
	ROW(WAY(", or a new one without checksums (chattr +C)"),
	  not_kept_on_btrfs, kept_written),
	ROW(WAY("turn that off (chattr -j)"), not_kept_in_the_journal,
	  without_the_journal),
	ROW(WAY("use a file system mounted with -o dax"), no_promise, with_dax),
	ROW(WAY(", tmpfs, anonymous memory"), no_promise, anonymous_memory,
	  .is_unneeded = true),
	ROW(WAY(", or another kernel"), no_promise, promise),
	ROW(WAY("set shmem=pass for it"), guarded_memfd, passed_memfd,
	  .is_anew = true, .is_unneeded = true),
	ROW(WAY("use a file on tmpfs"), guarded_memfd, guarded_tmpfs,
	  .is_anew = true),
	ROW(WAY("deregister that first"), another_is_ordinary, deregister_it),
};

WAYS_MAIN(rows)
