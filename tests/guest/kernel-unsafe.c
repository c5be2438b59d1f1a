// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The controls (the module built with CONTROL=1, the boot parameter
 * layout_lease_unsafe of the patched kernel): without lease and wait, blocks go from under a memory region to another file, and RDMA through
 * the region damages that.  The test passes if it does, for only then do tests
 * prove something in which this does not happen.
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
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "kernel-common.h"

#define LEN (4 * K_MIB)

/* Where on the device the file's data at offset is */
static uint64_t physical(int fd, uint64_t offset)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + sizeof(struct fiemap_extent)];
	} f = {
		.map = {
			.fm_start = offset,
			.fm_length = 1,
			.fm_flags = FIEMAP_FLAG_SYNC,
			.fm_extent_count = 1,
		},
	};

	if (ioctl(fd, FS_IOC_FIEMAP, &f) || !f.map.fm_mapped_extents)
		return 0;
	return f.map.fm_extents[0].fe_physical + offset -
	       f.map.fm_extents[0].fe_logical;
}

/* Leave so little that whoever needs blocks gets those of the next truncate */
static int fill_up(const char *path)
{
	struct statfs s;
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	if (fd < 0 || statfs(k_dir, &s))
		k_bail(path);
	while (s.f_bfree * s.f_bsize > K_MIB) {
		uint64_t size = s.f_bfree * s.f_bsize - K_MIB / 2;
		struct stat st;

		if (fstat(fd, &st))
			k_bail(path);
		while (size > 65536 && fallocate(fd, 0, st.st_size, size))
			size = size / 4 * 3;
		if (size <= 65536 || statfs(k_dir, &s))
			break;
	}
	return fd;
}

static uint64_t count_other(int fd, char fill)
{
	static char buf[65536];
	uint64_t n = 0;
	off_t offset = 0;
	ssize_t got, i;

	for (; (got = pread(fd, buf, sizeof(buf), offset)) > 0; offset += got)
		for (i = 0; i < got; i++)
			n += buf[i] != fill;
	return n;
}

int main(int argc, char **argv)
{
	struct k_file file, victim;
	struct ibv_mr *mr;
	struct k_result r;
	struct k_op op;
	static uint64_t block[LEN / 4096];
	char filler[300], *from = NULL, *to = NULL;
	uint64_t hit, here;
	size_t i, j;
	int err, fd, wc;

	k_begin_layout(argc, argv, 120);
	file = k_file("f", LEN, 'f');
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	if (!mr)
		k_skip("not a control: ibv_reg_mr without a lease = %s",
		       k_err(err));
	k_check(true, "registered without a lease");
	snprintf(filler, sizeof(filler), "%s/filler", k_dir);
	fd = fill_up(filler);

	/* Leases still work as ever. */
	err = k_lease(file.fd, F_LAYOUT);
	op = k_start(k_shrink, file.path);
	k_check(!err && k_break(NULL, K_SOON) && k_busy(&op, 300),
		"a lease is still broken, and waited for");
	for (i = 2; i < LEN / 4096; i++)
		block[i] = physical(file.fd, i * 4096);
	k_lease(file.fd, F_UNLCK);
	r = k_wait(&op, K_SOON);
	k_check(!r.err && block[2] && !physical(file.fd, 8192),
		"truncated under the MR: %s", k_err(r.err));

	sync();
	victim = k_file("victim", LEN - K_MIB, 'v');
	for (i = 0; i < victim.len / 4096 && !to; i++) {
		here = physical(victim.fd, i * 4096);
		for (j = 2; j < LEN / 4096; j++)
			if (block[j] == here) {
				from = file.map + j * 4096;
				to = victim.map + i * 4096;
			}
	}
	k_check(to != NULL, "a block of the MR now belongs to the victim");
	wc = k_rdma_write(mr, to ? from : file.map, "damaged", 7);
	hit = count_other(victim.fd, 'v');
	k_check(!wc && hit == 7 && to && !memcmp(to, "damaged", 7),
		"RDMA through the MR: completion %d, %llu bytes of the victim "
		"damaged", wc, (unsigned long long)hit);

	r = k_run(k_shrink, victim.path);
	k_check(!r.err && r.time < 1,
		"the victim can be truncated, nothing waits: %s", k_err(r.err));
	k_file_close(&victim);
	k_file_close(&file);
	k_dereg(&mr);
	k_check(true, "deregistered after all files have gone");
	close(fd);
	unlink(filler);
	return k_end();
}
