// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What does not break a layout lease on a file with a page cache: one file, one
 * lease and one memory region go through all of it, and the region stays one of
 * the file.  Some of it would leave it stale without a lease.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-cached.h"
#include "kernel-share.h"

static int done(long ret)
{
	return ret < 0 ? errno : 0;
}

static int open_it(const char *path)
{
	return done(open(path, O_RDWR));
}

static int read_it(const char *path)
{
	char buf[8192];

	return done(read(open(path, O_RDONLY), buf, sizeof(buf)));
}

static int write_it(const char *path)
{
	char buf[8192];

	memset(buf, 's', sizeof(buf));
	return done(pwrite(open(path, O_RDWR), buf, sizeof(buf), cached_unit));
}

static int grow(const char *path)
{
	return done(truncate(path, 2 * cached_len));
}

static int same_size(const char *path)
{
	struct stat st;

	return done(stat(path, &st) || truncate(path, st.st_size) ? -1 : 0);
}

static int falloc(const char *path, int mode, off_t len)
{
	return done(fallocate(open(path, O_RDWR), mode, 0, len));
}

static int alloc(const char *path)
{
	return falloc(path, 0, cached_len);
}

static int alloc_more(const char *path)
{
	return falloc(path, FALLOC_FL_KEEP_SIZE, 3 * cached_len);
}

static int unshare_it(const char *path)
{
	return falloc(path, FALLOC_FL_UNSHARE_RANGE, cached_len);
}

static int names(const char *path)
{
	char to[300];

	snprintf(to, sizeof(to), "%s.2", path);
	return done(rename(path, to) || link(to, path) || unlink(to) ||
				    chmod(path, 0600) ?
			    -1 : 0);
}

static int sync_it(const char *path)
{
	int fd = open(path, O_RDWR);

	return done(fsync(fd) || syncfs(fd) ? -1 : 0);
}

/* It must not share blocks, as it would on a file system that can. */
static int copy_into(const char *path)
{
	off_t from = 0, to = cached_unit;
	int fd = open(path, O_RDWR);
	ssize_t n = copy_file_range(open(cached_source, O_RDONLY), &from, fd,
				    &to, cached_unit, 0);

	if (n < 0)
		return errno;
	return n == (ssize_t)cached_unit ? 0 : EIO;
}

static int direct(const char *path, bool write)
{
	void *buf = aligned_alloc(4096, cached_unit);
	int fd = open(path, O_RDWR | O_DIRECT);
	ssize_t n;

	if (fd < 0)
		return errno;
	memset(buf, 's', cached_unit);
	n = write ? pwrite(fd, buf, cached_unit, cached_unit) :
		    pread(fd, buf, cached_unit, cached_unit);
	return n < 0 ? errno : n == (ssize_t)cached_unit ? 0 : EIO;
}

static int direct_read(const char *path)
{
	return direct(path, false);
}

static int direct_write(const char *path)
{
	return direct(path, true);
}

static int tell(const char *file, const char *what)
{
	int fd = open(file, O_WRONLY);

	return done(write(fd, what, strlen(what)));
}

static int drop_caches(const char *path)
{
	int err = sync_it(path);

	return err ? err : tell("/proc/sys/vm/drop_caches", "3");
}

static int compact(const char *path)
{
	(void)path;
	return tell("/proc/sys/vm/compact_memory", "1");
}

static int dont_need(const char *path)
{
	int fd = open(path, O_RDWR), err = done(fsync(fd));

	return err ? err : posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int clone_from(const char *path)
{
	char to[300];
	int fd, err;

	snprintf(to, sizeof(to), "%s.clone", path);
	fd = open(to, O_RDWR | O_CREAT, 0600);
	err = done(ioctl(fd, FICLONE, open(path, O_RDONLY)));
	unlink(to);
	return err;
}

/* ext4: blocks change places with those of another file, as e4defrag does */
static int move_extents(const char *path)
{
	struct {	/* struct move_extent */
		uint32_t reserved, donor;
		uint64_t from, to, len, moved;
	} move = { .len = cached_len / 4096 };
	char donor[300];
	int fd = open(path, O_RDWR), err;

	snprintf(donor, sizeof(donor), "%s.donor", path);
	move.donor = open(donor, O_RDWR | O_CREAT, 0600);
	unlink(donor);
	if (fallocate(move.donor, 0, 0, cached_len) || fsync(fd) ||
	    fsync(move.donor))
		return errno;
	err = done(ioctl(fd, _IOWR('f', 15, move), &move));
	return err ? err : move.moved ? 0 : EIO;
}

static int btrfs_defrag(const char *path)
{
	struct {	/* struct btrfs_ioctl_defrag_range_args */
		uint64_t start, len, flags;
		uint32_t threshold, unused[5];
	} range = { .len = -1, .flags = 2, .threshold = 1 << 30 };

	return done(ioctl(open(path, O_RDWR), _IOW(0x94, 16, range), &range));
}

/* A shell's, on the directory $0 */
static int command(const char *line)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execl("/bin/sh", "sh", "-c", line, k_dir, NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) != pid || status ? EIO : 0;
}

static int btrfs_balance(const char *path)
{
	(void)path;
	return command("btrfs balance start --full-balance $0 >/dev/null");
}

static int btrfs_snapshot(const char *path)
{
	(void)path;
	return command("btrfs subvolume snapshot $0 $0/snapshot.$$ >/dev/null");
}

static int remount(const char *path)
{
	(void)path;
	return command("mount -o remount $0");
}

/*
 * On ext4, xfs, btrfs, f2fs, tmpfs and hugetlbfs: '.' it succeeds; '?' it may
 * fail; '!' it succeeds, and without a lease the memory region would be stale;
 * '-' there is no such thing.
 */
static const struct {
	const char *name;
	k_op_fn *fn;
	char on[CACHED_FS + 1];
} ops[] = {
	{ "open(O_RDWR)", open_it, "......" },
	{ "read", read_it, "......" },
	{ "write", write_it, ".....-" },
	{ "truncate to more", grow, "......" },
	{ "truncate to the same size", same_size, "......" },
	{ "fallocate", alloc, "......" },
	{ "FALLOC_FL_KEEP_SIZE", alloc_more, "......" },
	{ "UNSHARE_RANGE", unshare_it, "?.????" },
	{ "rename, link, unlink, chmod", names, "......" },
	{ "fsync, syncfs", sync_it, "......" },
	{ "copy_file_range into", copy_into, ".!!..-" },
	{ "O_DIRECT read", direct_read, "....?-" },
	{ "O_DIRECT write", direct_write, "!!.!?-" },
	{ "sync, drop_caches", drop_caches, "......" },
	{ "POSIX_FADV_DONTNEED", dont_need, "......" },
	{ "compact_memory", compact, "......" },
	{ "FICLONE from", clone_from, "-..---" },
	{ "EXT4_IOC_MOVE_EXT", move_extents, "?-----" },
	{ "btrfs defragment", btrfs_defrag, "--.---" },
	{ "btrfs balance", btrfs_balance, "--.---" },
	{ "btrfs snapshot", btrfs_snapshot, "--.---" },
	{ "remount", remount, "......" },
};

enum { N_OPS = sizeof(ops) / sizeof(*ops) };

static char does(int i)
{
	return ops[i].on[cached_fs];
}

static bool can_share(void)
{
	return cached_fs == CACHED_XFS || cached_fs == CACHED_BTRFS;
}

static struct k_file leased_file(struct ibv_mr **ret_mr)
{
	struct k_file file = cached_file("kept");
	int err = k_lease(file.fd, F_LAYOUT);

	if (err)
		k_bail(k_err(err));
	*ret_mr = cached_mr(&file);
	return file;
}

static void close_file(struct k_file *file, struct ibv_mr **mr)
{
	k_dereg(mr);
	k_lease(file->fd, F_UNLCK);
	k_file_close(file);
	while (k_break(NULL, 0))
		;
}

/* One after the other on the same file, as long as they do not fail */
static void keep_all(void)
{
	struct ibv_mr *mr;
	struct k_file file = leased_file(&mr);
	bool broken, kept, shared;
	struct k_result r;
	int i;

	for (i = 0; i < N_OPS; i++) {
		if (does(i) == '-')
			continue;
		r = k_run(ops[i].fn, file.path);
		broken = k_break(NULL, 0) ||
			 fcntl(file.fd, F_GETLEASE) != F_LAYOUT;
		kept = cached_coherent(&file, mr, 0) &&
		       cached_coherent(&file, mr, cached_unit) &&
		       cached_coherent(&file, mr, cached_len - 4096) &&
		       k_filled(&file, 's');
		shared = ops[i].fn == copy_into && can_share() &&
			 k_is_shared(file.fd);
		k_check((!r.err || (does(i) == '?' && r.err > 0)) && !broken &&
				kept && !shared,
			"%s: %s, %s, the MR is %s%s", ops[i].name, k_err(r.err),
			broken ? "BREAK" : "no break",
			kept ? "coherent" : "STALE", shared ? ", SHARES" : "");
		if (!broken && kept)
			continue;
		close_file(&file, &mr);
		file = leased_file(&mr);
	}
	close_file(&file, &mr);
}

static void control(void)
{
	struct k_result r;
	struct k_file file;
	struct ibv_mr *mr;
	bool kept;
	int i;

	for (i = 0; i < N_OPS; i++) {
		if (does(i) != '!')
			continue;
		file = cached_file("control");
		mr = cached_mr(&file);
		r = k_run(ops[i].fn, file.path);
		kept = cached_coherent(&file, mr, cached_unit);
		k_check(!r.err && !kept, "control: %s: %s, the MR is %s",
			ops[i].name, k_err(r.err), kept ? "COHERENT" : "stale");
		close_file(&file, &mr);
	}
}

int main(int argc, char **argv)
{
	k_begin_layout(argc, argv, 170);
	cached_begin();
	keep_all();
	control();
	cached_end();
	return k_end();
}
