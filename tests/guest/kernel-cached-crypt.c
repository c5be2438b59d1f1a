// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Files of ext4 that are encrypted, or have fs-verity: layout leases as for others,
 * for memory regions that read; no F_LAYOUT_WRITE, for what is encrypted or summed up
 * must not change meanwhile.  Verity is not switched on while a device writes.
 *
 * kernel-cached-crypt DIRECTORY: for the image
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel-common.h"
#include "kernel-image.h"

#define LEN 65536UL

/* A directory whose files are encrypted, with a key that is in the kernel */
static void encrypt(const char *dir)
{
	struct {
		struct fscrypt_add_key_arg arg;
		char raw[FSCRYPT_MAX_KEY_SIZE];
	} key = {
		.arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
		.arg.raw_size = FSCRYPT_MAX_KEY_SIZE,
		.raw = "of a test",
	};
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};
	int fd;

	if (mkdir(dir, 0777))
		k_bail(dir);
	fd = open(dir, O_RDONLY);
	if (ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &key))
		k_bail("FS_IOC_ADD_ENCRYPTION_KEY");
	memcpy(policy.master_key_identifier, key.arg.key_spec.u.identifier,
	       FSCRYPT_KEY_IDENTIFIER_SIZE);
	if (ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy))
		k_bail("FS_IOC_SET_ENCRYPTION_POLICY");
	close(fd);
}

static int enable_verity(const char *path)
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096,
	};
	int fd = open(path, O_RDONLY);
	int err = ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) ? errno : 0;

	close(fd);
	return err;
}

static bool has(const char *path, unsigned int attribute)
{
	struct statx stx;

	return !statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx) &&
	       (stx.stx_attributes & attribute);
}

static int truncate_it(const char *path)
{
	return truncate(path, 4096) ? errno : 0;
}

/* Up to 6.1 it takes a mapping that can be written to, which verity has not. */
static bool pins_what_is_read_only(void)
{
	const char *version = getenv("PINSAFE_TEST_VERSION");

	return !version || strcmp(version, "6.1");
}

static void check_leases(int fd, const char *what)
{
	int err = k_lease(fd, F_LAYOUT_WRITE);

	k_check(err == EOPNOTSUPP, "%s: F_LAYOUT_WRITE: %s", what, k_err(err));
	err = k_lease(fd, F_LAYOUT);
	k_check(!err, "%s: F_LAYOUT: %s", what, k_err(err));
}

static void check_rdma(struct ibv_mr *mr, char *map, const char *what)
{
	char got[8] = "";

	k_check(!k_rdma(IBV_WR_RDMA_READ, mr, map + LEN / 2, got, 8) &&
			!memcmp(got, "cccccccc", 8),
		"%s: the device reads the file", what);
}

static void check_encrypted(void)
{
	struct k_file file;
	struct ibv_mr *mr;
	struct k_op op;
	bool broken;
	int err;

	encrypt(K_IMAGE_DIR "/encrypted");
	file = k_file("encrypted/file", LEN, 'c');
	if (fsync(file.fd))
		k_bail("fsync");
	k_check(has(file.path, STATX_ATTR_ENCRYPTED), "a file is encrypted");
	check_leases(file.fd, "encrypted");
	mr = k_reg(file.map, LEN, K_READ, &err);
	if (!mr)
		k_bail("ibv_reg_mr");
	check_rdma(mr, file.map, "encrypted");
	op = k_start(truncate_it, file.path);
	broken = k_break(NULL, 5000);
	k_dereg(&mr);
	k_lease(file.fd, F_UNLCK);
	err = k_wait(&op, 20000).err;
	k_check(broken && !err, "truncate: %s, %s",
		broken ? "a break" : "no break", k_err(err));
	k_file_close(&file);
}

static void check_verity(void)
{
	struct k_file file = k_file("verity", LEN, 'c');
	struct ibv_mr *mr;
	double end;
	int err, fd;

	if (fsync(file.fd) || k_lease(file.fd, F_LAYOUT_WRITE))
		k_bail("F_LAYOUT_WRITE");
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	if (!mr)
		k_bail("ibv_reg_mr");
	/* Without a mapping and a description of ours */
	munmap(file.map, LEN);
	close(file.fd);
	err = enable_verity(file.path);
	k_check(err == ETXTBSY, "verity while a device writes: %s", k_err(err));
	k_dereg(&mr);
	/* Until the module has seen that the last pin is gone */
	for (end = k_now() + 10; err == ETXTBSY && k_now() < end; usleep(10000))
		err = enable_verity(file.path);
	k_check(!err && has(file.path, STATX_ATTR_VERITY),
		"when it is done: %s", k_err(err));
	fd = open(file.path, O_RDONLY);
	file.map = mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0);
	check_leases(fd, "verity");
	mr = k_reg(file.map, LEN, K_READ, &err);
	k_check(err == (pins_what_is_read_only() ? 0 : EFAULT),
		"verity: a memory region: %s", k_err(err));
	if (mr)
		check_rdma(mr, file.map, "verity");
	k_dereg(&mr);
	munmap(file.map, LEN);
	close(fd);
	unlink(file.path);
}

int main(int argc, char **argv)
{
	char image[300];

	k_begin(argc, argv, 100);
	snprintf(image, sizeof(image), "%s/image", k_dir);
	k_sh("modprobe -a -d $PINSAFE_TEST_PACKAGE xts cts hmac sha256_generic "
	     "sha512_generic ecb 2>/dev/null || true");
	k_image_mount(image, 32, "mkfs.ext4 -q -F -b 4096 -O encrypt,verity",
		      "defaults");
	check_encrypted();
	check_verity();
	k_image_unmount(image);
	return k_end();
}
