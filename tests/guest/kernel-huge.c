// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Copy-on-write of a part of a huge page of a DAX file (xfs): when nothing is
 * shared any more and the file has a lease again, each pin of it is seen, or
 * refused.  What tells the file system which pages are in use is the DAX entry,
 * and copy-on-write may leave the old one in place.
 *
 * There is no store to what is shared: with that, the inode's eviction is a BUG
 * on kernels without any lease.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel-share.h"

#define HUGE (2 * K_MIB)
#define HALF K_MIB
#define STORED 8192 /* offsets in the huge page: where is stored */
#define ALONE (HALF / 2)

/* Where on the device the file's data at offset is */
static uint64_t physical(int fd, uint64_t offset)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + sizeof(struct fiemap_extent)];
	} f = {
		.map =
			{
				.fm_start = offset,
				.fm_length = HUGE,
				.fm_flags = FIEMAP_FLAG_SYNC,
				.fm_extent_count = 1,
			},
	};
	const struct fiemap_extent *extent = f.map.fm_extents;

	if (ioctl(fd, FS_IOC_FIEMAP, &f) || !f.map.fm_mapped_extents ||
	    extent->fe_logical + extent->fe_length < offset + HUGE)
		return 0;
	return extent->fe_physical + offset - extent->fe_logical;
}

/*
 * A file whose data from HUGE on is one huge page: a hole is inserted before the
 * data, of the size that makes it so.
 */
static struct k_file huge_file(void)
{
	struct k_file file = k_file("huge", 2 * HUGE, 'h');
	uint64_t hole = physical(file.fd, 0) % HUGE;

	munmap(file.map, file.len);
	if (hole && fallocate(file.fd, FALLOC_FL_INSERT_RANGE, 0, hole))
		k_bail("INSERT_RANGE");
	file.map = mmap(NULL, file.len, PROT_READ | PROT_WRITE, MAP_SHARED,
			file.fd, 0);
	if (!physical(file.fd, HUGE) || physical(file.fd, HUGE) % HUGE)
		k_bail("no blocks for a huge page");
	return file;
}

static int punch(const char *path)
{
	return fallocate(open(path, O_RDWR),
			 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, HUGE, HUGE)
		       ? errno
		       : 0;
}

static int put(int fd, off_t offset)
{
	char buf[4096] = "w";

	return pwrite(fd, buf, sizeof(buf), offset) == sizeof(buf) ? 0 : errno;
}

/* Half of a huge page is cloned; pins at offset after it has been unshared */
static void pinned_at(const char *what, size_t offset, bool written, bool twice)
{
	struct k_file file = huge_file();
	struct k_file clone = k_file("clone", 4096, 'x');
	char *huge = file.map + HUGE, got[8] = "";
	struct ibv_mr *mr;
	int err, wc;

	memset(huge, 'h', HUGE);
	if (k_clone(file.fd, clone.fd, HUGE, HALF))
		k_bail("FICLONERANGE");
	/* A dirty entry stays when what it is of is replaced. */
	huge[HALF + STORED] = 's';
	if ((written && put(file.fd, HUGE + STORED)) ||
	    (twice &&
	     fallocate(file.fd, FALLOC_FL_UNSHARE_RANGE, HUGE, HUGE)) ||
	    k_unshare(file.fd, 0, 0) || k_lease(file.fd, F_LAYOUT))
		k_bail("unshare and lease");
	mr = k_reg(huge + offset, 4096, K_WRITE, &err);
	if (!mr) {
		/* Rather than one that nobody sees */
		k_check(err == EOPNOTSUPP, "%s: MR = %s", what, k_err(err));
	} else {
		err = k_run(punch, file.path).err;
		wc = k_rdma_write(mr, huge + offset, "remote", 7);
		if (pread(file.fd, got, 7, HUGE + offset) != 7)
			k_bail("pread");
		k_check(err == ETXTBSY && !wc && !strcmp(got, "remote"),
			"%s: punch = %s, RDMA %s", what, k_err(err),
			strcmp(got, "remote") ? "is LOST" : "arrives");
	}
	k_dereg(&mr);
	while (k_break(NULL, 0))
		;
	k_lease(file.fd, F_UNLCK);
	k_file_close(&clone);
	k_file_close(&file);
}

int main(int argc, char **argv)
{
	k_begin_layout(argc, argv, 150);
	k_need_reflink();
	pinned_at("what was shared", ALONE, false, false);
	pinned_at("what never was", HALF + ALONE, false, false);
	pinned_at("what was stored to", HALF + STORED, false, false);
	pinned_at("shared, its neighbour written to", ALONE, true, false);
	pinned_at("shared and written to", STORED, true, false);
	pinned_at("not shared, the other half written to", HALF + ALONE, true,
		  false);
	pinned_at("what was shared, unshared while dirty", ALONE, false, true);
	pinned_at("what never was, unshared while dirty", HALF + ALONE, false,
		  true);
	return k_end();
}
