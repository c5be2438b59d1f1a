// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Blocks that two files share (xfs, mkfs -m reflink=1): a file that has some
 * gets no layout lease and so no pins, until it is unshared; what shares or
 * replaces blocks breaks the lease; and it cannot come between the two.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel-share.h"

#define LEN (4 * K_MIB)
#define ROUNDS 20

static char other[256]; /* path of the other file */

static int clone_into(const char *path)
{
	return k_clone(open(other, O_RDONLY), open(path, O_RDWR), 0, 0);
}

static int clone_from(const char *path)
{
	return k_clone(open(path, O_RDONLY), open(other, O_RDWR), 0, 0);
}

static int copy_into(const char *path)
{
	return copy_file_range(open(other, O_RDONLY), NULL, open(path, O_RDWR),
			       NULL, LEN, 0) < 0
		       ? errno
		       : 0;
}

static int dedupe_into(const char *path)
{
	return k_dedupe(open(other, O_RDONLY), open(path, O_RDWR), 0, LEN);
}

static int unshare_range(const char *path)
{
	return k_unshare(open(path, O_RDWR), 0, 0);
}

/* By read(2): 6.1 warns when both files have a shared block mapped. */
static bool has_only(int fd, char fill)
{
	static char buf[LEN];
	ssize_t i, n = pread(fd, buf, LEN, 0);

	for (i = 0; i < n; i++)
		if (buf[i] != fill)
			return false;
	return n == LEN;
}

/* A file and its clone; only the file's blocks are mapped */
static struct k_file shared_file(struct k_file *ret_clone)
{
	struct k_file file = k_file("f", LEN, 'f');

	*ret_clone = k_file("clone", 4096, 'x');
	if (k_clone(file.fd, ret_clone->fd, 0, 0))
		k_bail("FICLONERANGE");
	if (!k_is_shared(file.fd) || !k_filled(&file, 'f') ||
	    !has_only(ret_clone->fd, 'f'))
		k_bail("no clone");
	return file;
}

static struct k_file pin_of; /* what the short-term pins are of */

static int pin_to_read(const char *path)
{
	char buf[16] = "";
	struct iovec local = {buf, 8};
	struct iovec remote = {pin_of.map + 4096, 8};

	(void)path;
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 8)
		return errno;
	return strcmp(buf, "ffffffff") ? EIO : 0;
}

/* To a file with a page cache: DAX would just copy */
static int pin_for_direct_io(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_DIRECT, 0644);

	if (pwrite(fd, pin_of.map + 8192, 4096, 0) != 4096)
		return errno;
	return unlink(path);
}

/* GUP of 6.12 takes such a page for an anonymous one and tries for ever. */
static bool may_loop(void)
{
	struct utsname uts;
	int major = 0, minor = 0;

	uname(&uts);
	sscanf(uts.release, "%d.%d", &major, &minor);
	return (major < 6 || (major == 6 && minor < 15)) &&
	       !strstr(uts.release, "-layout");
}

static void short_term(const char *what, k_op_fn *fn, const char *path)
{
	struct k_file clone;
	struct k_result r;

	pin_of = shared_file(&clone);
	r = k_run(fn, path);
	if (r.err == -1 && may_loop())
		k_note("NOT CHECKED: short-term pin of a shared block by %s; "
		       "this kernel does not end that, lease or not",
		       what);
	else
		k_check(!r.err, "short-term pin of a shared block: %s = %s",
			what, k_err(r.err));
	k_file_close(&clone);
	k_file_close(&pin_of);
}

static int try_reg(void *addr, int access)
{
	int err;
	struct ibv_mr *mr = k_reg(addr, LEN, access, &err);

	k_dereg(&mr);
	return err;
}

static int lease_path(const char *path)
{
	return k_lease(open(path, O_RDWR), F_LAYOUT);
}

static void refused(void)
{
	struct k_file clone, file = shared_file(&clone);
	int err, err2, ro;
	char *private;
	double end;

	err = k_lease(file.fd, F_LAYOUT);
	err2 = k_lease(clone.fd, F_LAYOUT);
	k_check(err == EOPNOTSUPP && err2 == EOPNOTSUPP &&
			fcntl(file.fd, F_GETLEASE) == F_UNLCK,
		"shared: F_SETLEASE F_LAYOUT = %s, of the clone %s", k_err(err),
		k_err(err2));
	k_check(k_run(lease_path, file.path).err == EOPNOTSUPP,
		"the same for another process");
	private = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE, file.fd, 0);
	err = try_reg(file.map, K_WRITE);
	err2 = try_reg(file.map, K_READ);
	ro = try_reg(private, K_READ);
	k_check(err == EOPNOTSUPP && err2 == EOPNOTSUPP && ro == EOPNOTSUPP &&
			k_is_shared(file.fd),
		"shared: MR = %s, read-only %s, MAP_PRIVATE %s", k_err(err),
		k_err(err2), k_err(ro));
	munmap(private, LEN);
	k_file_close(&clone);
	/* xfs frees the blocks of what is removed later on. */
	end = k_now() + 10;
	while (k_is_shared(file.fd) && k_now() < end)
		;
	err = k_lease(file.fd, F_LAYOUT);
	k_check(err == EOPNOTSUPP && !k_is_shared(file.fd),
		"clone removed, nothing is shared any more: still %s",
		k_err(err));
	k_file_close(&file);
}

/* The way out, for both, with a page written while the blocks were shared */
static void after_unshare(void)
{
	struct k_file clone, file = shared_file(&clone);
	char page[4096], buf[8] = "", *ro;
	struct ibv_mr *mr;
	int err, err2, wc;

	memset(page, 's', sizeof(page));
	if (pwrite(file.fd, page, sizeof(page), 4096) != sizeof(page))
		k_bail("pwrite");
	err = k_unshare(file.fd, 0, 0);
	err2 = k_lease(file.fd, F_LAYOUT);
	k_check(!err && !err2 && !k_is_shared(file.fd),
		"unshared: %s, F_SETLEASE F_LAYOUT = %s", k_err(err),
		k_err(err2));
	/* The mapping of 6.1 goes on showing the old block. */
	mr = k_reg(file.map + 4096, 4096, K_WRITE, &err);
	k_check(mr ? file.map[4096] == 's' : err == EOPNOTSUPP,
		"MR of what was written before = %s", k_err(err));
	k_dereg(&mr);
	mr = k_reg(file.map + 8192, LEN - 8192, K_WRITE, &err);
	wc = mr ? k_rdma_write(mr, file.map + 8192, "remote", 7) : -1;
	if (pread(file.fd, buf, 7, 8192) != 7)
		k_bail("pread");
	k_check(!wc && !strcmp(buf, "remote") && has_only(clone.fd, 'f'),
		"MR = %s, RDMA WRITE: the file has \"%.7s\", the clone is %s",
		k_err(err), buf,
		has_only(clone.fd, 'f') ? "intact" : "DAMAGED");
	err = k_run(k_punch, file.path).err;
	k_check(err == ETXTBSY, "its pins are seen: punch = %s", k_err(err));
	k_dereg(&mr);
	while (k_break(NULL, 0))
		;
	k_lease_retry(file.fd, K_SOON);
	ro = mmap(NULL, LEN, PROT_READ, MAP_SHARED, file.fd, 0);
	k_note("read-only MR, read-only mapping, after that: %s",
	       k_err(try_reg(ro, K_READ)));
	munmap(ro, LEN);
	err = k_unshare(clone.fd, 0, 0);
	err2 = k_lease(clone.fd, F_LAYOUT);
	k_check(!err && !err2, "the clone, unshared: %s, F_SETLEASE = %s",
		k_err(err), k_err(err2));
	k_lease(file.fd, F_UNLCK);
	k_lease(clone.fd, F_UNLCK);
	k_file_close(&clone);
	k_file_close(&file);
}

/* Each of these would have the pinned blocks shared, or replaced. */
static void breaks(const char *name, k_op_fn *fn, char fill, bool shares)
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
			k_filled(&file2, fill) && !k_is_shared(file.fd),
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
	k_check(broken && !r.err && r.time < K_BREAK_TIME,
		"%s: %s, %s after %.3f s when it gives way", name,
		broken ? "break" : "NO BREAK", k_err(r.err), r.time);
	err = k_lease_retry(file.fd, K_SOON);
	k_check(err == (shares ? EOPNOTSUPP : 0) &&
			(!shares || try_reg(file.map, K_READ) == EOPNOTSUPP),
		"%s: afterwards F_SETLEASE F_LAYOUT = %s", name, k_err(err));
	k_lease(file.fd, F_UNLCK);
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
			!k_is_shared(file.fd),
		"copy_file_range into: break, %s after %.1f s, a real copy",
		k_err(r.err), r.time);
	k_dereg(&mr);
	err = k_lease_retry(file.fd, K_SOON);
	k_check(!err, "after that F_SETLEASE F_LAYOUT = %s", k_err(err));
	k_lease(file.fd, F_UNLCK);
	k_file_close(&file2);
	k_file_close(&file);
}

/* Of both processes: how often the holder has tried, and whether he has done */
static struct {
	_Atomic long tries;
	_Atomic bool end;
} *both;

/* Until somebody has tried from the beginning to the end, as it is now */
static void be_tried(void)
{
	long since = both->tries;

	while (both->tries - since < 2 && !both->end)
		sched_yield();
}

/* Shares and unshares the file, over and over */
static int sharer(const char *path)
{
	int fd = open(path, O_RDWR), clone = open(other, O_RDWR), err = 0;

	while (!both->end && !err) {
		err = k_clone(fd, clone, 0, 0);
		be_tried();
		if (!err)
			err = k_unshare(fd, 0, 0);
		be_tried();
	}
	return err;
}

/* Whoever has a lease finds nothing shared as long as he has it. */
static void race(void)
{
	struct k_file file = k_file("f", 65536, 'f');
	struct k_file file2 = k_file("other", 65536, 'o');
	long taken = 0, refused = 0, shared = 0;
	double end = k_now() + 30;
	struct k_result r;
	struct k_op op;
	bool was;

	both = mmap(NULL, sizeof(*both), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(other, sizeof(other), "%s", file2.path);
	op = k_start(sharer, file.path);
	while ((taken < ROUNDS || refused < ROUNDS) && k_now() < end &&
	       k_busy(&op, 0)) {
		both->tries++;
		if (k_lease(file.fd, F_LAYOUT)) {
			refused++;
			continue;
		}
		was = k_is_shared(file.fd);
		if (fcntl(file.fd, F_GETLEASE) == F_LAYOUT) {
			taken++;
			shared += was;
		}
		k_lease(file.fd, F_UNLCK);
	}
	both->end = true;
	r = k_wait(&op, 10 * K_SOON);
	munmap(both, sizeof(*both));
	while (k_break(NULL, 0))
		;
	k_check(!r.err && taken && refused && !shared,
		"others share and unshare (%s): %ld leases, %ld refused, "
		"%ld with shared blocks",
		k_err(r.err), taken, refused, shared);
	k_file_close(&file2);
	k_file_close(&file);
}

int main(int argc, char **argv)
{
	char path[300];

	k_begin_layout(argc, argv, 150);
	k_need_reflink();
	short_term("process_vm_readv", pin_to_read, "");
	if (getenv("PINSAFE_TEST_PAGECACHE")) {
		snprintf(path, sizeof(path), "%s/direct",
			 getenv("PINSAFE_TEST_PAGECACHE"));
		short_term("O_DIRECT", pin_for_direct_io, path);
	}
	refused();
	after_unshare();
	breaks("FICLONE from", clone_from, 'o', true);
	breaks("FICLONE into", clone_into, 'o', true);
	breaks("FIDEDUPERANGE into", dedupe_into, 'f', true);
	breaks("UNSHARE_RANGE", unshare_range, 'o', false);
	copy();
	race();
	return k_end();
}
