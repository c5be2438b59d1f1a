// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Blocks that two files share (xfs, mkfs -m reflink=1): a pin must not be of
 * such a block, and pinned blocks must not become shared.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel-common.h"

#define LEN (4 * K_MIB)

static char other[256];	/* path of the other file */

static int clone_into(const char *path)
{
	int src = open(other, O_RDONLY);

	return ioctl(open(path, O_RDWR), FICLONE, src) ? errno : 0;
}

static int clone_from(const char *path)
{
	int dest = open(other, O_RDWR | O_CREAT, 0644);

	return ioctl(dest, FICLONE, open(path, O_RDONLY)) ? errno : 0;
}

static int copy_into(const char *path)
{
	return copy_file_range(open(other, O_RDONLY), NULL, open(path, O_RDWR),
			       NULL, LEN, 0) < 0 ? errno : 0;
}

static int dedupe_into(const char *path)
{
	char buf[sizeof(struct file_dedupe_range) +
		 sizeof(struct file_dedupe_range_info)] = {};
	struct file_dedupe_range *range = (void *)buf;

	range->src_length = LEN;
	range->dest_count = 1;
	range->info[0].dest_fd = open(path, O_RDWR);
	if (ioctl(open(other, O_RDONLY), FIDEDUPERANGE, range))
		return errno;
	return range->info[0].status < 0 ? -range->info[0].status : 0;
}

static int unshare_range(const char *path)
{
	return fallocate(open(path, O_RDWR), FALLOC_FL_UNSHARE_RANGE, 0, LEN) ?
		       errno : 0;
}

/* Is any block of the file shared? */
static bool is_shared(int fd)
{
	enum { N = 64 };
	struct fiemap *map = calloc(1, sizeof(*map) +
				       N * sizeof(struct fiemap_extent));
	bool shared = false;
	unsigned int i;

	map->fm_length = LEN;
	map->fm_extent_count = N;
	map->fm_flags = FIEMAP_FLAG_SYNC;
	if (ioctl(fd, FS_IOC_FIEMAP, map))
		k_bail("FIEMAP");
	for (i = 0; i < map->fm_mapped_extents; i++)
		shared |= map->fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED;
	free(map);
	return shared;
}

/* A file and its clone, with the blocks of the former mapped for reading */
static struct k_file shared_file(struct k_file *ret_clone)
{
	struct k_file file = k_file("f", LEN, 'f');

	*ret_clone = k_file("clone", 4096, 'x');
	munmap(ret_clone->map, 4096);
	if (ioctl(ret_clone->fd, FICLONE, file.fd))
		k_bail("FICLONE");
	ret_clone->len = LEN;
	ret_clone->map = mmap(NULL, LEN, PROT_READ, MAP_SHARED, ret_clone->fd,
			      0);
	if (!is_shared(file.fd) || !k_filled(&file, 'f') ||
	    !k_filled(ret_clone, 'f'))
		k_bail("no clone");
	return file;
}

/* On a stock kernel, a page like that is pinned in vain for ever. */
static void short_term(void)
{
	struct k_file clone, file = shared_file(&clone);
	char buf[16] = "";
	struct iovec local = { buf, 8 };
	struct iovec remote = { file.map + 4096, 8 };
	ssize_t n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	k_check(n == 8 && !strcmp(buf, "ffffffff"),
		"short-term pin of a shared block: process_vm_readv = %zd", n);
	k_file_close(&clone);
	k_file_close(&file);
}

static void read_only_mr(void)
{
	struct k_file clone, file = shared_file(&clone);
	struct ibv_mr *mr;
	char buf[8] = "";
	char *ro, *private;
	int fd, err, wc;

	k_lease(file.fd, F_LAYOUT);
	fd = open(file.path, O_RDONLY);
	ro = mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0);
	mr = k_reg(ro, LEN, K_READ, &err);
	k_check(err == EOPNOTSUPP && is_shared(file.fd),
		"read-only MR, O_RDONLY mapping: %s, still shared", k_err(err));
	k_dereg(&mr);

	private = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE, fd, 0);
	mr = k_reg(private, LEN, K_READ, &err);
	k_check(!err && is_shared(file.fd),
		"read-only MR, MAP_PRIVATE: %s, of copies", k_err(err));
	k_dereg(&mr);

	mr = k_reg(file.map, LEN, K_READ, &err);
	k_check(!err && !is_shared(file.fd),
		"read-only MR, writable mapping: %s, no more shared",
		k_err(err));
	memcpy(file.map + LEN - 4096, "stored", 7);
	wc = mr ? k_rdma(IBV_WR_RDMA_READ, mr, file.map + LEN - 4096, buf, 7) :
		  -1;
	k_check(!wc && !strcmp(buf, "stored") && k_filled(&clone, 'f'),
		"RDMA READ has what is stored later: \"%.7s\"; the clone is %s",
		buf, k_filled(&clone, 'f') ? "intact" : "DAMAGED");
	k_dereg(&mr);

	mr = k_reg(ro, LEN, K_READ, &err);
	k_note("read-only MR, O_RDONLY mapping, after that: %s", k_err(err));
	k_dereg(&mr);
	munmap(ro, LEN);
	munmap(private, LEN);
	close(fd);
	k_lease(file.fd, F_UNLCK);
	k_file_close(&clone);
	k_file_close(&file);
}

static void writable_mr(void)
{
	struct k_file clone, file = shared_file(&clone);
	struct ibv_mr *mr;
	int err, wc;

	k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	wc = mr ? k_rdma_write(mr, file.map + 8192, "remote", 7) :
		  -1;
	k_check(!wc && !strcmp(file.map + 8192, "remote") &&
			k_filled(&clone, 'f') && !is_shared(file.fd),
		"writable MR = %s, RDMA WRITE: the clone is %s", k_err(err),
		k_filled(&clone, 'f') ? "intact" : "DAMAGED");
	k_dereg(&mr);

	/* The clone goes away; nothing is shared, whatever it was before. */
	k_file_close(&clone);
	mr = k_reg(file.map, LEN, K_READ, &err);
	k_check(!err, "clone removed, read-only MR = %s", k_err(err));
	k_dereg(&mr);
	k_lease(file.fd, F_UNLCK);
	k_file_close(&file);
}

/* Each of these would have the pinned blocks shared, or replaced. */
static void breaks(const char *name, k_op_fn *fn, char fill)
{
	struct k_file file = k_file("f", LEN, 'f');
	struct k_file file2 = k_file("other", LEN, fill);
	struct ibv_mr *mr;
	struct k_result r;
	struct k_op op;
	bool broken;
	int err;

	snprintf(other, sizeof(other), "%s", file2.path);
	k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	r = k_run(fn, file.path);
	k_check(mr && r.err == ETXTBSY && r.time > K_BREAK_TIME - 0.5 &&
			r.time < K_BREAK_TIME + 1 && k_filled(&file, 'f') &&
			k_filled(&file2, fill) && !is_shared(file.fd),
		"%s: %s after %.1f s when the holder ignores it", name,
		k_err(r.err), r.time);
	k_dereg(&mr);
	while (k_break(NULL, 0))
		;

	err = k_lease_retry(file.fd, K_SOON);
	mr = k_reg(file.map, LEN, K_READ, &err);
	op = k_start(fn, file.path);
	broken = k_break(NULL, K_SOON);
	k_dereg(&mr);
	k_lease(file.fd, F_UNLCK);
	r = k_wait(&op, 5000);
	k_check(broken && !r.err && r.time < 1,
		"%s: %s, %s after %.3f s when it gives way", name,
		broken ? "break" : "NO BREAK", k_err(r.err), r.time);
	k_file_close(&file2);
	k_file_close(&file);
}

/* Does not fail when it cannot clone, it writes. */
static void copy(void)
{
	struct k_file file = k_file("f", LEN, 'f');
	struct k_file file2 = k_file("other", LEN, 'o');
	struct ibv_mr *mr;
	struct k_result r;
	int err;

	snprintf(other, sizeof(other), "%s", file2.path);
	k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	r = k_run(copy_into, file.path);
	k_check(mr && k_break(NULL, 0) && !r.err && k_filled(&file, 'o') &&
			!is_shared(file.fd),
		"copy_file_range into: break, %s after %.1f s, a real copy",
		k_err(r.err), r.time);
	k_dereg(&mr);
	k_file_close(&file2);
	k_file_close(&file);
}

int main(int argc, char **argv)
{
	struct k_file file;
	int err;

	k_begin_layout(argc, argv, 120);
	file = k_file("f", LEN, 'f');
	snprintf(other, sizeof(other), "%s/clone", k_dir);
	err = clone_from(file.path);
	unlink(other);
	k_file_close(&file);
	if (err)
		k_skip("%s: no reflink (%s), this test is for xfs with it",
		       k_dir, k_err(err));
	short_term();
	read_only_mr();
	writable_mr();
	breaks("FICLONE from", clone_from, 'o');
	breaks("FICLONE into", clone_into, 'o');
	breaks("FIDEDUPERANGE into", dedupe_into, 'f');
	breaks("UNSHARE_RANGE", unshare_range, 'o');
	copy();
	return k_end();
}
