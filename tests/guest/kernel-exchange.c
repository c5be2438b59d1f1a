// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Files whose blocks change places, with DAX and without it on the same file
 * system (dax=inode): the lease of one is broken whichever end it is.
 *
 * kernel-exchange DIRECTORY: it is mounted anew, with dax=inode; xfs with what
 * XFS_IOC_EXCHANGE_RANGE needs, which the tools that make it may not know.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kernel-common.h"

#define LEN K_MIB

static char other[256];	/* path of the other file */

static char device[256], type[64];

static void find_device(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	while ((m = getmntent(mounts)))
		if (!strcmp(m->mnt_dir, k_dir)) {
			snprintf(device, sizeof(device), "%s", m->mnt_fsname);
			snprintf(type, sizeof(type), "%s", m->mnt_type);
		}
	endmntent(mounts);
}

static uint32_t crc32c(const uint8_t *at, size_t len)
{
	uint32_t crc = ~0U;
	int bit;

	while (len--) {
		crc ^= *at++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* In the superblock (fs/xfs/libxfs/xfs_format.h) of what is not mounted */
static void set_exchange_range(bool on)
{
	enum { SECTOR_SIZE = 102, INCOMPATIBLE = 216, CRC = 224, BIT = 1 << 6 };
	uint8_t sb[4096];
	uint32_t crc;
	size_t len;
	int fd = open(device, O_RDWR | O_EXCL);

	if (fd < 0 || pread(fd, sb, sizeof(sb), 0) != sizeof(sb))
		k_bail(device);
	len = sb[SECTOR_SIZE] << 8 | sb[SECTOR_SIZE + 1];
	sb[INCOMPATIBLE + 3] &= ~BIT;
	sb[INCOMPATIBLE + 3] |= on ? BIT : 0;
	memset(sb + CRC, 0, sizeof(crc));
	crc = htole32(crc32c(sb, len));
	memcpy(sb + CRC, &crc, sizeof(crc));
	if (pwrite(fd, sb, len, 0) != (ssize_t)len || fsync(fd) || close(fd))
		k_bail(device);
}

/* Is there XFS_IOC_EXCHANGE_RANGE? */
static bool mount_inode_dax(void)
{
	bool xfs = k_is_xfs();

	if (umount(k_dir))
		k_bail("umount");
	if (xfs)
		set_exchange_range(true);
	if (!mount(device, k_dir, type, 0, "dax=inode"))
		return xfs;
	if (xfs)
		set_exchange_range(false);
	if (mount(device, k_dir, type, 0, "dax=inode"))
		k_bail("mount");
	return false;
}

static void umount_it(void)
{
	double end = k_now() + 10;

	/* The last pins have gone, and that is noticed ten times a second. */
	while (umount(k_dir))
		if (errno != EBUSY || k_now() > end)
			k_bail("umount");
	set_exchange_range(false);
}

static bool has_dax(int fd)
{
	struct statx stx;

	return !statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) &&
	       (stx.stx_attributes & STATX_ATTR_DAX);
}

/* It is of the directory's kind, so with DAX if dir is that. */
static struct k_file new_file(const char *dir, const char *name, char fill)
{
	struct k_file file;
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = k_file(path, LEN, fill);
	if (fsync(file.fd) || has_dax(file.fd) != !strcmp(dir, "dax"))
		k_bail(file.path);
	return file;
}

static void make_dir(const char *name, bool dax)
{
	struct fsxattr attr;
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", k_dir, name);
	if (mkdir(path, 0755))
		k_bail(path);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attr))
		k_bail("FSGETXATTR");
	attr.fsx_xflags |= dax ? FS_XFLAG_DAX : 0;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &attr))
		k_bail("FSSETXATTR");
	close(fd);
}

static int swap_extents(const char *target, const char *tmp)
{
	struct {	/* struct xfs_swapext, as far as it matters */
		int64_t version, target, tmp, offset, length, pad[2];
		int64_t unused1[7];
		struct timespec mtime, ctime;
		int64_t unused2[6];
	} x = { .length = LEN };
	struct stat st;

	x.target = open(target, O_RDWR);
	x.tmp = open(tmp, O_RDWR);
	if (fstat(x.target, &st))
		return errno;
	x.mtime = st.st_mtim;
	x.ctime = st.st_ctim;
	return ioctl(x.target, _IOWR('X', 109, x), &x) ? errno : 0;
}

static int swap_into(const char *path)
{
	return swap_extents(path, other);
}

static int swap_out_of(const char *path)
{
	return swap_extents(other, path);
}

static int exchange(const char *one, const char *two)
{
	struct {	/* struct xfs_exchange_range */
		int32_t fd;
		uint32_t pad;
		uint64_t offset1, offset2, length, flags;
	} x = { .fd = open(one, O_RDWR), .length = LEN };

	return ioctl(open(two, O_RDWR), _IOW('X', 129, x), &x) ? errno : 0;
}

static int exchange_into(const char *path)
{
	return exchange(other, path);
}

static int exchange_out_of(const char *path)
{
	return exchange(path, other);
}

/* ext4's e4defrag; the file with the lease is the donor */
static int move_out_of(const char *path)
{
	struct {	/* struct move_extent */
		uint32_t reserved, donor;
		uint64_t from, to, len, moved;
	} move = { .donor = open(path, O_RDWR), .len = LEN / 4096 };

	return ioctl(open(other, O_RDWR), _IOWR('f', 15, move), &move) ? errno :
									 0;
}

static bool unchanged(const struct k_file *file, struct ibv_mr *mr)
{
	char buf[8] = "";
	bool same = k_filled(file, 'd') && mr;

	if (pwrite(file->fd, "written", 8, 0) != 8)
		k_bail(file->path);
	same = same && !k_rdma(IBV_WR_RDMA_READ, mr, file->map, buf, 8) &&
	       !memcmp(buf, "written", 8);
	memset(file->map, 'd', 8);
	return same && !fsync(file->fd);
}

/* On the signal the holder gives up memory region and lease. */
static void check_gives_way(const char *name, k_op_fn *fn, struct k_file *file,
			    struct ibv_mr **mr)
{
	int err = k_lease_retry(file->fd, 10 * K_SOON);
	struct k_result r;
	struct k_op op;
	bool broken;

	k_sysctl("fs/lease-break-time", 60);
	op = k_start(fn, file->path);
	broken = k_break(NULL, 10 * K_SOON);
	k_dereg(mr);
	k_lease(file->fd, F_UNLCK);
	r = k_wait(&op, 10 * K_SOON);
	k_check(!err && broken && !r.err, "%s: %s, %s when it does", name,
		broken ? "break" : "NO BREAK", k_err(r.err));
	k_sysctl("fs/lease-break-time", 1);
}

/*
 * A file with a lease and a memory region, and another one, in these
 * directories.  The operation is refused at once, or waits for both.
 */
static void check(const char *name, k_op_fn *fn, const char *dir,
		  const char *dir2, int refused)
{
	struct k_file file = new_file(dir, "file", 'd');
	struct k_file file2 = new_file(dir2, "other", 'o');
	struct k_result r;
	struct ibv_mr *mr;
	bool broken;
	char title[128];
	int err;

	snprintf(title, sizeof(title), "%s, %s and %s", name, dir, dir2);
	snprintf(other, sizeof(other), "%s", file2.path);
	k_sysctl("fs/lease-break-time", 1);
	err = k_lease(file.fd, F_LAYOUT);
	if (err)
		k_check(false, "%s: no lease: %s", title, k_err(err));
	mr = k_reg(file.map, LEN, K_READ, &err);
	r = k_run(fn, file.path);
	broken = k_break(NULL, 0);
	k_check(mr && r.err == (refused ? refused : ETXTBSY) &&
			broken == !refused && unchanged(&file, mr),
		"%s: %s, %s when the holder does not give way", title,
		broken ? "break" : "no break", k_err(r.err));
	if (!refused)
		check_gives_way(title, fn, &file, &mr);
	k_dereg(&mr);
	k_lease(file.fd, F_UNLCK);
	k_file_close(&file2);
	k_file_close(&file);
}

int main(int argc, char **argv)
{
	bool exchanges;

	k_begin(argc, argv, 60);
	find_device();
	exchanges = mount_inode_dax();
	make_dir("dax", true);
	make_dir("plain", false);
	if (!k_is_xfs()) {
		check("EXT4_IOC_MOVE_EXT with it as donor", move_out_of, "dax",
		      "plain", EOPNOTSUPP);
		return k_end();
	}
	check("XFS_IOC_SWAPEXT of it", swap_into, "dax", "plain", 0);
	check("XFS_IOC_SWAPEXT with it", swap_out_of, "dax", "plain", 0);
	if (exchanges) {
		check("XFS_IOC_EXCHANGE_RANGE", exchange_into, "dax", "plain",
		      0);
		check("XFS_IOC_EXCHANGE_RANGE", exchange_out_of, "plain",
		      "dax", 0);
		check("XFS_IOC_EXCHANGE_RANGE", exchange_out_of, "plain",
		      "plain", 0);
	} else {
		k_note("NOT CHECKED: no XFS_IOC_EXCHANGE_RANGE");
	}
	umount_it();
	return k_end();
}
