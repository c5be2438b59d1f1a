// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Which files can have F_LAYOUT_WRITE, and what it is: the promise is not given for
 * files whose pages must not change while they are being written, and what is
 * pinned for writing without the promise is the kernel's business.
 *
 * kernel-write-files DIRECTORY-ON-EXT4-WITHOUT-DAX
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel-common.h"

#define LEN 65536UL

static int register_for(const struct k_file *file, int access)
{
	struct ibv_mr *mr;
	int err;

	mr = k_reg(file->map, file->len, access, &err);
	k_dereg(&mr);
	return err;
}

static bool pins_without_asking(void)
{
	const char *version = getenv("PINSAFE_TEST_VERSION");

	return version && !strcmp(version, "6.1");
}

static void check_kinds(void)
{
	struct k_file file = k_file("kinds", LEN, 'k');
	int plain = pins_without_asking() ? 0 : EFAULT;
	int err = k_lease(file.fd, F_LAYOUT_WRITE);

	k_check(!err, "F_LAYOUT_WRITE: %s", k_err(err));
	k_check(fcntl(file.fd, F_GETLEASE) == F_LAYOUT_WRITE, "F_GETLEASE");
	k_check(!k_lease(file.fd, F_LAYOUT_WRITE), "again");
	k_check(k_lease(file.fd, F_LAYOUT) == EAGAIN, "then F_LAYOUT: EAGAIN");
	err = register_for(&file, K_WRITE);
	k_check(!err, "a memory region for writing: %s", k_err(err));
	err = k_lease(file.fd, F_UNLCK) ?: k_lease_retry(file.fd, K_SOON);
	k_check(!err, "F_UNLCK, then F_LAYOUT: %s", k_err(err));
	k_check(fcntl(file.fd, F_GETLEASE) == F_LAYOUT, "F_GETLEASE");
	k_check(k_lease(file.fd, F_LAYOUT_WRITE) == EAGAIN,
		"then F_LAYOUT_WRITE: EAGAIN");
	err = register_for(&file, K_WRITE);
	k_check(err == plain, "a memory region for writing: %s", k_err(err));
	err = register_for(&file, K_READ);
	k_check(!err, "for reading: %s", k_err(err));
	k_lease(file.fd, F_UNLCK);
	err = register_for(&file, K_WRITE);
	k_check(err == plain, "without a lease, for writing: %s", k_err(err));
	k_file_close(&file);
}

/* F_LAYOUT is to be had in any case; with a description only for reading */
static void check(const char *path, int want, const char *what)
{
	int fd = open(path, O_RDONLY);
	int err = k_lease(fd, F_LAYOUT_WRITE), err2;

	if (!err)
		k_lease(fd, F_UNLCK);
	err2 = k_lease_retry(fd, K_SOON);
	k_check(err == want && !err2, "%s: %s; F_LAYOUT: %s", what, k_err(err),
		k_err(err2));
	close(fd);
}

static void check_in(const char *dir, int want, const char *what)
{
	const char *saved = k_dir;
	struct k_file file;

	if (!dir)
		return;
	k_dir = dir;
	file = k_file("files", LEN, 'f');
	check(file.path, want, what);
	if (!want) {
		k_lease(file.fd, F_LAYOUT_WRITE);
		want = register_for(&file, K_WRITE);
		k_check(!want, "a memory region for writing there: %s",
			k_err(want));
	}
	k_file_close(&file);
	k_dir = saved;
}

/* ext4 heeds the flag without delayed allocation only. */
static void set_journal_flag(int fd)
{
	int flags, err;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		k_bail("FS_IOC_GETFLAGS");
	flags |= FS_JOURNAL_DATA_FL;
	if (k_lease(fd, F_LAYOUT_WRITE))
		k_bail("F_LAYOUT_WRITE");
	err = ioctl(fd, FS_IOC_SETFLAGS, &flags) ? errno : 0;
	k_check(err == ETXTBSY, "chattr +j under the lease: %s", k_err(err));
	k_lease(fd, F_UNLCK);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
		k_bail("chattr +j");
}

static bool run(const char *command)
{
	return !system(command);
}

static void check_verity(const char *path)
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096,
	};
	int fd = open(path, O_RDONLY);

	if (ioctl(fd, FS_IOC_ENABLE_VERITY, &arg))
		k_note("no fs-verity here: %s", k_err(errno));
	else
		check(path, EOPNOTSUPP, "a file with verity");
	close(fd);
}

#define IMAGE "/run/kernel-write-files"
#define MOUNT "/run/kernel-write-files.mnt"
#define SETUP                                          \
	"mkdir " MOUNT "; truncate -s 32M " IMAGE "; " \
	"mkfs.ext4 -q -b 4096 -O verity " IMAGE
#define STABLE "echo 1 >/sys/block/${l#/dev/}/queue/stable_writes && "
#define ATTACH "l=$(losetup -f --show " IMAGE ") && "

static void unmount(void)
{
	if (!run("l=$(findmnt -no SOURCE " MOUNT ") && umount " MOUNT
		 " && losetup -d $l"))
		k_bail("umount");
}

/* File systems that are mounted for this; with a file in each */
static void check_mounted(const char *command, int want, const char *what)
{
	const char *saved = k_dir;
	struct k_file file;

	if (!run(command))
		k_bail(command);
	k_dir = MOUNT;
	file = k_file("file", LEN, 'm');
	if (strstr(command, "nodelalloc"))
		set_journal_flag(file.fd);
	check(file.path, want, what);
	/* Nobody may have it open for writing for this. */
	close(file.fd);
	munmap(file.map, file.len);
	if (!want)
		check_verity(file.path);
	unlink(file.path);
	unmount();
	k_dir = saved;
}

int main(int argc, char **argv)
{
	k_begin(argc, argv, 150);
	check_kinds();
	check_in(getenv("PINSAFE_TEST_PAGECACHE_XFS"), 0, "xfs");
	check_in(getenv("PINSAFE_TEST_TMPFS"), 0, "tmpfs");
	check_in(getenv("PINSAFE_TEST_EXT4"), EOPNOTSUPP, "ext4 with DAX");
	check_in(getenv("PINSAFE_TEST_XFS"), EOPNOTSUPP, "xfs with DAX");
	check_in(getenv("PINSAFE_TEST_BTRFS"), EOPNOTSUPP, "btrfs");
	check_in(getenv("PINSAFE_TEST_F2FS"), EOPNOTSUPP, "f2fs");
	if (!run(SETUP))
		k_bail(SETUP);
	check_mounted(ATTACH "mount $l " MOUNT, 0, "ext4 of its own");
	check_mounted(ATTACH "mount -o data=journal $l " MOUNT, EOPNOTSUPP,
		      "data=journal");
	check_mounted(ATTACH "mount -o nodelalloc $l " MOUNT, EOPNOTSUPP,
		      "a file with its data in the journal");
	/* Last, for the loop device stays like that */
	check_mounted(ATTACH STABLE "mount $l " MOUNT, EOPNOTSUPP,
		      "a device that needs stable pages");
	return k_end();
}
