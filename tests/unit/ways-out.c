// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Ways out of refusals that are about memory, files and devices: each is provoked,
 * and what the sentence says to do makes it register.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fakes/fake_pin_rule.h"
#include "lib/ways.h"
#include "verbs_wrap.h"

static void anonymous_memory(void)
{
	ways_map(-1, MAP_PRIVATE | MAP_ANONYMOUS);
}

static void on_tmpfs(void)
{
	struct file file;

	file_make(&file, SHM, STACK_PAGES);
	ways_map(file.fd, MAP_SHARED);
	file_put(&file);
	/* fake_fstatfs.c has one answer for all files. */
	fake_fstatfs_magic = TMPFS_MAGIC;
	ways_pin_errno = 0;
}

static void on_nfs(void)
{
	ways_page_cache(false);
	fake_fstatfs_magic = NFS_SUPER_MAGIC;
}

static void on_nfs_today(void)
{
	on_nfs();
	fake_pin_rule_is_strict = true;
	ways_pin_errno = EFAULT;
}

static void on_ext4(void)
{
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
}

static void read_on_ext4(void)
{
	on_ext4();
	ways_ask.access = IBV_ACCESS_REMOTE_READ;
	ways_pin_errno = 0;
}

static void on_btrfs(void)
{
	ways_page_cache(false);
	fake_fstatfs_magic = BTRFS_SUPER_MAGIC;
}

static void stable_writes(const char *text)
{
	static char path[100];

	ways_page_cache(false);
	/* On a machine without disks it is none of them. */
	if (!major(STACK_A->dev))
		_exit(0);
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/queue/stable_writes",
		 major(STACK_A->dev), minor(STACK_A->dev));
	fake_open_file(path, text);
}

static void stable_pages(void)
{
	stable_writes("1\n");
}

static void other_disk(void)
{
	stable_writes("0\n");
}

static void no_sysfs(void)
{
	static char partition[100], disk[100];

	ways_page_cache(false);
	if (!major(STACK_A->dev))
		_exit(0);
	snprintf(partition, sizeof(partition),
		 "/sys/dev/block/%u:%u/queue/stable_writes",
		 major(STACK_A->dev), minor(STACK_A->dev));
	snprintf(disk, sizeof(disk),
		 "/sys/dev/block/%u:%u/../queue/stable_writes",
		 major(STACK_A->dev), minor(STACK_A->dev));
	fake_open_fails(partition, ENOENT);
	fake_open_fails(disk, ENOENT);
}

static void with_sysfs(void)
{
	fake_open_reset();
}

static void only_read(void)
{
	ways_ask.access = IBV_ACCESS_REMOTE_READ;
}

static void with_windows(void)
{
	ways_ask.access |= IBV_ACCESS_MW_BIND;
}

static void without_windows(void)
{
	ways_ask.access &= ~IBV_ACCESS_MW_BIND;
}

static struct ibv_mr *by_ex(void)
{
	struct mr_init_attr attr = {
		.comp_mask = MR_INIT_ADDR | MR_INIT_IOVA | 1u << 31,
		.addr = ways_ask.addr,
		.length = ways_ask.length,
		.access = ways_ask.access,
	};

	return verbs_wrap_ops.reg_mr_ex(&stack_device.pd, &attr);
}

static void another_entry(void)
{
	ways_ask.fn = by_ex;
}

static void ibv_reg_mr_itself(void)
{
	ways_ask.fn = NULL;
}

static void on_demand(void)
{
	setenv("PINSAFE_GUARD", "odp", 1);
}

static void written_before(void)
{
	file_fill(STACK_A, 0, STACK_PAGES);
	assert_int_equal(fsync(STACK_A->fd), 0);
}

static void read_only_pages(void)
{
	written_before();
	mprotect(stack_addr, ways_ask.length, PROT_READ);
	ways_pin_errno = EFAULT;
}

static void writable_pages(void)
{
	mprotect(stack_addr, ways_ask.length, PROT_READ | PROT_WRITE);
	ways_pin_errno = 0;
}

static void read_only_hole(void)
{
	mprotect(stack_addr, ways_ask.length, PROT_READ);
	only_read();
}

static void too_short(void)
{
	assert_int_equal(ftruncate(STACK_A->fd, page_size()), 0);
}

static void extended(void)
{
	assert_int_equal(ftruncate(STACK_A->fd, STACK_PAGES * page_size()), 0);
}

static void set_immutable(bool is_set)
{
	int flags = 0;

	if (ioctl(STACK_A->fd, FS_IOC_GETFLAGS, &flags))
		_exit(0); /* not on this file system */
	flags = is_set ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	if (ioctl(STACK_A->fd, FS_IOC_SETFLAGS, &flags))
		_exit(0);
}

static void make_mutable(void)
{
	set_immutable(false);
}

static void immutable(void)
{
	set_immutable(true);
}

static void read_only_page_cache(void)
{
	ways_page_cache(false);
	read_only_pages();
	only_read();
}

static void no_memory(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &unlimited))
		_exit(0); /* not as this user */
	ways_pin_errno = ENOMEM;
}

static void less_of_it(void)
{
	ways_ask.length = page_size();
	ways_pin_errno = 0;
}

static void device_says(void)
{
	/* A moment ago another file may have been there: that is tried again. */
	setenv("PINSAFE_RETAKE_MS", "60000", 1);
	ways_pin_errno = ways_now->error;
	ways_ask.access |= IBV_ACCESS_HUGETLB;
}

static void with_other_flags(void)
{
	ways_pin_errno = 0;
	ways_ask.access &= ~IBV_ACCESS_HUGETLB;
}

/* That the device has room for: it is full while there are two. */
static struct ibv_mr *others[2];

static void device_is_full(void)
{
	others[0] = stack_reg_file(STACK_B);
	ways_pin_errno = ways_now->error;
}

static void with_others_deregistered(void)
{
	stack_dereg_ok(others[0]);
	ways_pin_errno = 0;
}

static void opened_anew(void)
{
	stack_close(&stack_device);
	stack_open(&stack_device, -1);
	ways_pin_errno = 0;
}

static int device_fd;

static void other_descriptor(void)
{
	int fd = stack_device.context.cmd_fd, null;

	stack_dereg_ok(stack_reg_file(STACK_A));
	device_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(dup2(null, fd), fd);
}

static void that_of_the_device(void)
{
	int fd = stack_device.context.cmd_fd;

	assert_int_equal(dup2(device_fd, fd), fd);
}

static struct ibv_mr *revoked;

/* Instead of registering: STACK_A, for what is there is revoked */
static struct ibv_mr *move_it(void)
{
	return verbs_wrap_ops.rereg_mr(revoked, IBV_REREG_MR_CHANGE_TRANSLATION,
				       NULL, ways_ask.addr, ways_ask.length, 0)
		       ? NULL
		       : revoked;
}

static void move_revoked(void)
{
	revoked = stack_reg_file(STACK_B);
	stack_break(STACK_B);
	ways_ask.fn = move_it;
}

/* To a file, of a memory region of which nothing is known */
static struct ibv_mr *move_unguarded(void)
{
	int flags = IBV_REREG_MR_CHANGE_TRANSLATION |
		    (ways_ask.access ? IBV_REREG_MR_CHANGE_ACCESS : 0);

	fake_provider.cmd_rereg_mr = fake_cmd_rereg_mr;
	return verbs_wrap_ops.rereg_mr(revoked, flags, NULL, stack_addr,
				       ways_ask.length, ways_ask.access)
		       ? NULL
		       : revoked;
}

static void move_to_a_file(void)
{
	anonymous_memory();
	revoked = verbs_wrap_ops.reg_mr(&stack_device.pd, ways_ask.addr,
					ways_ask.length,
					(uintptr_t)ways_ask.addr,
					IBV_ACCESS_LOCAL_WRITE);
	ways_ask.access = 0;
	ways_ask.fn = move_unguarded;
}

static void with_its_access(void)
{
	ways_ask.access = IBV_ACCESS_LOCAL_WRITE;
}

static void register_instead(void)
{
	stack_dereg_ok(revoked);
	ways_ask.fn = NULL;
}

static const struct way rows[] = {
	ROW(WAY("use anonymous memory"), on_nfs, anonymous_memory,
	  .is_unneeded = true),
	ROW(WAY("or a file on tmpfs"), on_nfs, on_tmpfs, .is_unneeded = true),
	ROW(WAY(", ext4, xfs or f2fs"), on_nfs, on_ext4),
	ROW(WAY(", a file on tmpfs"), on_nfs_today, on_tmpfs,
	  .is_unneeded = true),
	ROW(WAY("or one on ext4, xfs or f2fs that devices only read"),
	  on_nfs_today, read_on_ext4),
	ROW(WAY(", ext4, xfs or f2fs"), on_btrfs, on_ext4),
	ROW(WAY("use a file on another disk"), stable_pages, other_disk),
	ROW(WAY("mount /sys"), no_sysfs, with_sysfs),
	ROW(WAY("register for remote reads only"), no_sysfs, only_read),
	ROW(WAY("use ibv_reg_mr() for this memory"), another_entry,
	  ibv_reg_mr_itself),
	ROW(WAY(", or anonymous memory"), another_entry, anonymous_memory,
	  .is_unneeded = true),
	ROW(WAY("register without it"), with_windows, without_windows),
	ROW(WAY("use guard=auto"), on_demand, NULL, .is_anew = true),
	ROW(WAY("map it PROT_WRITE"), read_only_pages, writable_pages),
	ROW(WAY("write the file first"), read_only_hole, written_before),
	ROW(WAY("map it writable"), read_only_hole, writable_pages),
	ROW(WAY("extend the file first"), too_short, extended),
	ROW(WAY("turn that off (chattr -i -a)"), immutable, make_mutable,
	  .after = make_mutable),
	ROW(WAY("map the file PROT_WRITE"), read_only_page_cache,
	  writable_pages),
	ROW(WAY("register less of it"), no_memory, less_of_it),
	ROW(WAY("change the access flags, the length or the address"),
	  device_says, with_other_flags, .error = EINVAL),
	ROW(WAY("leave out the access flags that the device does not have"),
	  device_says, with_other_flags, .error = EOPNOTSUPP),
	ROW(WAY("deregister others, for it may have no room for more"),
	  device_is_full, with_others_deregistered, .error = EINVAL),
	ROW(WAY("deregister others, for the device has no room for more"),
	  device_is_full, with_others_deregistered, .error = ENOSPC),
	ROW(WAY("open the device anew, for it may have been removed"),
	  device_says, opened_anew, .error = ENODEV),
	ROW(WAY("register in a thread that shares the descriptors of the one that opened the device, and keep that open"),
	  other_descriptor, that_of_the_device),
	ROW(WAY("deregister and register instead"), move_revoked,
	  register_instead),
	ROW(WAY("change that, too"), move_to_a_file, with_its_access),
};

WAYS_MAIN(rows)
