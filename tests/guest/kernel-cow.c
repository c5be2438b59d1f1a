// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Copy-on-write of xfs replaces blocks that are not shared, if they are next to
 * some that are: a write to those reserves space around them, and later writes
 * to the neighbours take it from there.  Nothing is broken by that, so a file
 * for which it is possible must not have a layout lease.
 *
 * kernel-cow DIRECTORY [--control]
 *
 * The control is for a kernel that pins without a lease: there, what is written
 * by RDMA must be lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "kernel-share.h"

#define KIB 1024L
#define LEN K_MIB
#define SHARED (448 * KIB) /* so much is shared, from the beginning on */
#define PINNED (64 * KIB)  /* so much behind that is pinned */
#define EDGE (440 * KIB)   /* is shared; a write reserves what follows */
#define NEXT (460 * KIB)   /* is pinned */

#define ALWAYS_COW "/sys/fs/xfs/debug/always_cow"

static bool control;

static void put(int fd, off_t offset, char fill)
{
	char buf[4096];

	memset(buf, fill, sizeof(buf));
	if (pwrite(fd, buf, sizeof(buf), offset) != sizeof(buf))
		k_bail("pwrite");
}

static void by_write(struct k_file *file, off_t offset)
{
	put(file->fd, offset, 'w');
}

/* fsync makes the mapping read-only: the store has to ask the file system */
static void by_store(struct k_file *file, off_t offset)
{
	if (fsync(file->fd))
		k_bail("fsync");
	memset(file->map + offset, 'w', 4096);
}

typedef void write_fn(struct k_file *file, off_t offset);

/*
 * An MR of what is not shared, then writes to its neighbour and to itself: is
 * what comes by RDMA afterwards in the file?
 */
static bool arrives(struct k_file *file, write_fn *write_to)
{
	char got[16] = "";
	struct ibv_mr *mr;
	int err, wc;

	mr = k_reg(file->map + SHARED, PINNED, K_WRITE, &err);
	if (!mr) {
		k_note("ibv_reg_mr = %s", k_err(err));
		return false;
	}
	write_to(file, EDGE);
	write_to(file, NEXT);
	wc = k_rdma_write(mr, file->map + NEXT, "remote", 7);
	if (pread(file->fd, got, 7, NEXT) != 7)
		k_bail("pread");
	k_dereg(&mr);
	return !wc && !strcmp(got, "remote");
}

/* Files that have been shared must not have a lease; with one, show the loss. */
static void refused(const char *what, struct k_file *file, write_fn *write_to)
{
	int err;

	if (control) {
		k_check(!arrives(file, write_to),
			"%s: pinned without a lease, RDMA is lost", what);
		return;
	}
	err = k_lease(file->fd, F_LAYOUT);
	if (err)
		k_check(err == EOPNOTSUPP, "%s: F_SETLEASE F_LAYOUT = %s", what,
			k_err(err));
	else
		k_check(false, "%s: has a lease, and RDMA %s", what,
			arrives(file, write_to) ? "arrives" : "is LOST");
	k_lease(file->fd, F_UNLCK);
}

/* With nothing shared, there is a lease, and nothing gets lost. */
static void granted(const char *what, struct k_file *file)
{
	int err = k_lease(file->fd, F_LAYOUT), err2;
	bool written = arrives(file, by_write);
	bool stored = arrives(file, by_store);

	err2 = fcntl(file->fd, F_GETLEASE);
	k_check(!err && written && stored && err2 == F_LAYOUT &&
			!k_break(NULL, 0),
		"%s: F_SETLEASE F_LAYOUT = %s, RDMA after write(2) %s, "
		"after fsync and store %s",
		what, k_err(err), written ? "arrives" : "is LOST",
		stored ? "arrives" : "is LOST");
	k_lease(file->fd, F_UNLCK);
}

static void unshared(const char *what, struct k_file *file)
{
	char text[100];
	int err;

	if (control)
		return;
	/* way out: run sync -f and then xfs_io -c "unshare 0 %s" on it */
	err = k_unshare(file->fd, 0, 0);
	snprintf(text, sizeof(text), "%s, then unshared (%s)", what,
		 k_err(err));
	granted(text, file);
}

static void cloned(const char *what, write_fn *write_to)
{
	struct k_file file = k_file("f", LEN, 'f');
	struct k_file clone = k_file("clone", 4096, 'x');

	if (k_clone(file.fd, clone.fd, 0, SHARED))
		k_bail("FICLONERANGE");
	refused(what, &file, write_to);
	put(file.fd, EDGE, 'w');
	unshared(what, &file);
	if (!control)
		k_check(k_unshare(clone.fd, 0, 0) == 0 &&
				!k_lease(clone.fd, F_LAYOUT),
			"%s: so has the clone, unshared as well", what);
	k_file_close(&clone);
	k_file_close(&file);
}

static void deduped(void)
{
	struct k_file file = k_file("f", LEN, 'f');
	struct k_file other = k_file("other", LEN, 'f');

	if (k_dedupe(other.fd, file.fd, 0, SHARED))
		k_bail("FIDEDUPERANGE");
	refused("deduplicated", &file, by_write);
	unshared("deduplicated", &file);
	k_file_close(&other);
	k_file_close(&file);
}

/* Space is reserved, and stays so when nothing is shared any more. */
static void clone_removed(void)
{
	struct k_file file = k_file("f", LEN, 'f');
	struct k_file clone = k_file("clone", 4096, 'x');

	if (k_clone(file.fd, clone.fd, 0, SHARED))
		k_bail("FICLONERANGE");
	put(file.fd, EDGE, 'w');
	k_file_close(&clone);
	refused("clone removed, space reserved", &file, by_write);
	unshared("clone removed", &file);
	k_file_close(&file);
}

/* A larger reservation; it does nothing to a file that shares nothing */
static void cow_extent_size(void)
{
	struct k_file file = k_file("f", LEN, 'f');
	struct k_file clone = k_file("clone", 4096, 'x');
	struct fsxattr attr;

	if (ioctl(file.fd, FS_IOC_FSGETXATTR, &attr))
		k_bail("FSGETXATTR");
	attr.fsx_xflags |= FS_XFLAG_COWEXTSIZE;
	attr.fsx_cowextsize = LEN;
	if (ioctl(file.fd, FS_IOC_FSSETXATTR, &attr))
		k_bail("FSSETXATTR");
	granted("cowextsize 1 MiB, nothing shared", &file);
	if (k_clone(file.fd, clone.fd, 0, 4096))
		k_bail("FICLONERANGE");
	put(file.fd, 0, 'w');
	refused("cowextsize 1 MiB, its first block cloned", &file, by_write);
	unshared("cowextsize 1 MiB", &file);
	k_file_close(&clone);
	k_file_close(&file);
}

static void emptied(void)
{
	struct k_file file = k_file("f", LEN, 'f');
	struct k_file clone = k_file("clone", 4096, 'x');

	if (k_clone(file.fd, clone.fd, 0, SHARED) || ftruncate(file.fd, 0) ||
	    fallocate(file.fd, 0, 0, LEN))
		k_bail("clone and truncate");
	memset(file.map, 'n', LEN);
	granted("cloned, truncated to nothing, written anew", &file);
	k_file_close(&clone);
	k_file_close(&file);
}

/* Which of all the blocks are shared does not matter. */
static void partly(void)
{
	struct k_file file = k_file("f", LEN, 'f');
	struct k_file clone = k_file("clone", 4096, 'x');
	int err;

	if (k_clone(file.fd, clone.fd, 0, SHARED))
		k_bail("FICLONERANGE");
	err = k_unshare(file.fd, 0, SHARED - 4096);
	refused("all but one block unshared", &file, by_write);
	k_check(!err && k_is_shared(file.fd), "one block is still shared");
	k_file_close(&clone);
	k_file_close(&file);
}

/* Counts from the next mount on */
static void set_always_cow(const char *value)
{
	char line[512], device[128], dir[128];
	FILE *mounts = fopen("/proc/self/mounts", "r");
	int fd = open(ALWAYS_COW, O_WRONLY);

	while (fgets(line, sizeof(line), mounts) &&
	       (sscanf(line, "%127s %127s", device, dir) != 2 ||
		strcmp(dir, k_dir)))
		;
	fclose(mounts);
	if (write(fd, value, 1) != 1 || umount(k_dir) ||
	    mount(device, k_dir, "xfs", 0, "dax=always"))
		k_bail(ALWAYS_COW);
	close(fd);
}

/* F_SETLEASE of a new file that has a block; 0 or an errno value */
static int lease_of_new(void)
{
	char path[256];
	int fd, err;

	snprintf(path, sizeof(path), "%s/new", k_dir);
	fd = open(path, O_RDWR | O_CREAT, 0644);
	if (fd < 0)
		k_bail(path);
	put(fd, 0, 'n');
	err = k_lease(fd, F_LAYOUT);
	close(fd);
	unlink(path);
	return err;
}

/*
 * A mode of xfs for those who debug it: each write goes to other blocks.
 * fallocate(2) is refused, so k_file() cannot be used.
 */
static void always_cow(void)
{
	int err;

	if (access(ALWAYS_COW, F_OK)) {
		k_note("always_cow: not tried, no " ALWAYS_COW);
		return;
	}
	set_always_cow("1");
	err = lease_of_new();
	set_always_cow("0");
	k_check(err == EOPNOTSUPP, "always_cow: F_SETLEASE F_LAYOUT = %s",
		k_err(err));
	err = lease_of_new();
	k_check(!err, "not any more: F_SETLEASE F_LAYOUT = %s", k_err(err));
}

/* Up to 6.14 as anonymous pages are, also when the blocks are not shared any more */
static void marked(void)
{
	struct k_file file = k_file("f", LEN, 'f');
	struct k_file clone = k_file("clone", 4096, 'x');
	const volatile uint64_t *count;
	double end = k_now() + 10;
	struct ibv_mr *mr;
	uint64_t before;
	int err;

	if (k_clone(file.fd, clone.fd, 0, 0) || !k_filled(&file, 'f'))
		k_bail("FICLONERANGE");
	k_file_close(&clone);
	/* xfs frees the blocks of what is removed later on. */
	while (k_is_shared(file.fd) && k_now() < end)
		;
	if (k_unshare(file.fd, 0, 0) || k_lease(file.fd, F_LAYOUT))
		k_bail("UNSHARE_RANGE");
	count = k_pin_count();
	before = *count;
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	k_check(mr && *count != before,
		"pin of pages that are marked as shared: %s, %s", k_err(err),
		*count != before ? "counts" : "DOES NOT COUNT");
	k_dereg(&mr);
	munmap((void *)count, 4096);
	k_lease(file.fd, F_UNLCK);
	k_file_close(&file);
}

int main(int argc, char **argv)
{
	k_begin_layout(argc, argv, 120);
	k_need_reflink();
	control = argc > 2 && !strcmp(argv[2], "--control");
	cloned("cloned, write(2)", by_write);
	cloned("cloned, store after fsync", by_store);
	deduped();
	if (control)
		return k_end();
	clone_removed();
	cow_extent_size();
	emptied();
	partly();
	always_cow();
	/* The patched kernel has no count. */
	if (!access("/dev/layout_lease", F_OK))
		marked();
	return k_end();
}
