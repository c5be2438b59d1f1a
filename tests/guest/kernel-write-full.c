// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * No space for what a device has written: a file that was cloned needs new blocks.
 * Its pages cannot be made dirty, neither for an fsync nor when the memory region
 * ends; the next fsync says EIO each time, and pages that are still written to get
 * to the disk when there is space again.
 *
 * kernel-write-full DIRECTORY: for the image of an xfs
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel-common.h"
#include "kernel-image.h"

#define LEN 65536UL
#define SIZE 8
#define PATIENCE 20 /* s */

static struct k_file file;
static struct ibv_mr *mr;

static void device_writes(const char *value)
{
	if (k_rdma_write(mr, file.map, value, SIZE))
		k_bail("RDMA WRITE");
}

static int clone_to(const char *to)
{
	int fd = open(to, O_RDWR | O_CREAT, 0600);
	int err = ioctl(fd, FICLONE, file.fd) ? errno : 0;

	close(fd);
	return err;
}

/* Down to the last block */
static void fill(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	off_t size = 0, step;

	for (step = 64 << 20; step >= 4096; step /= 2)
		while (!fallocate(fd, 0, size, step))
			size += step;
	if (errno != ENOSPC || fsync(fd))
		k_bail(path);
	close(fd);
}

static int sync_file(void)
{
	return fsync(file.fd) ? errno : 0;
}

/* What is on the disk: pages that are clean go. */
static bool is_on_disk(const char *value)
{
	char got[SIZE];

	if (posix_fadvise(file.fd, 0, 0, POSIX_FADV_DONTNEED) ||
	    pread(file.fd, got, SIZE, 0) != SIZE)
		k_bail("pread");
	return !memcmp(got, value, SIZE);
}

static void check_full(const char *clone_path, const char *full)
{
	double end;
	int err;

	device_writes("first   ");
	err = sync_file();
	k_check(!err, "with space: fsync: %s", k_err(err));
	if (clone_to(clone_path))
		k_bail("FICLONE");
	fill(full);
	device_writes("second  ");
	err = sync_file();
	k_check(err == EIO, "cloned, no space: fsync: %s", k_err(err));
	/* xfs gives space back after a while. */
	unlink(full);
	for (end = k_now() + PATIENCE; sync_file() && k_now() < end;)
		usleep(10000);
	device_writes("second  ");
	err = sync_file();
	k_check(!err, "with space again: fsync: %s", k_err(err));
}

static void check_end(const char *clone_path, const char *full)
{
	int err;

	unlink(clone_path);
	if (clone_to(clone_path))
		k_bail("FICLONE");
	fill(full);
	device_writes("third   ");
	k_dereg(&mr);
	err = sync_file();
	k_check(err == EIO, "the memory region ends without space: fsync: %s",
		k_err(err));
	err = sync_file();
	k_check(!err, "which says so once: %s", k_err(err));
	munmap(file.map, LEN);
	k_check(is_on_disk("second  "), "the pages were left clean");
	unlink(full);
}

int main(int argc, char **argv)
{
	char image[300], clone_path[300], full[300];
	int err;

	k_begin(argc, argv, 150);
	snprintf(image, sizeof(image), "%s/image", k_dir);
	k_image_mount(image, 320, "mkfs.xfs -q -f", "defaults");
	file = k_file("file", LEN, 'f');
	snprintf(clone_path, sizeof(clone_path), "%s.clone", file.path);
	snprintf(full, sizeof(full), "%s.full", file.path);
	if (fsync(file.fd) || k_lease(file.fd, F_LAYOUT_WRITE))
		k_bail("F_LAYOUT_WRITE");
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	if (!mr)
		k_bail("ibv_reg_mr");
	check_full(clone_path, full);
	check_end(clone_path, full);
	unlink(clone_path);
	close(file.fd);
	unlink(file.path);
	k_image_unmount(image);
	return k_end();
}
