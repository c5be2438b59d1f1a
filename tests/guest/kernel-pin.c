// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Long-term pins of a DAX file: who may have them, of which pages they are, and
 * that the blocks stay as long as they do, whatever else is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-common.h"

#define LEN K_MIB

static int try_reg(void *addr, size_t len, int access)
{
	int err;
	struct ibv_mr *mr = k_reg(addr, len, access, &err);

	k_dereg(&mr);
	return err;
}

/* Whether the file has this at this offset, read by read(2) */
static bool file_has(const char *path, off_t offset, const char *what)
{
	char buf[64] = "";
	int fd = open(path, O_RDONLY);
	bool has = pread(fd, buf, strlen(what), offset) > 0 &&
		   !strcmp(buf, what);

	close(fd);
	return has;
}

static int child_pin(const char *path)
{
	int fd = open(path, O_RDWR), err;
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	err = try_reg(map, LEN, K_WRITE);
	if (err != EOPNOTSUPP)
		return 1000 + err;
	err = k_lease(fd, F_LAYOUT);
	return err ? err : try_reg(map, LEN, K_WRITE);
}

static void who(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct k_result r;
	struct k_op op;
	char *private;
	int fd, err, err2;

	err = try_reg(file.map, LEN, K_WRITE);
	err2 = try_reg(file.map, LEN, K_READ);
	k_check(err == EOPNOTSUPP && err2 == EOPNOTSUPP,
		"without a lease: ibv_reg_mr = %s, read-only %s", k_err(err),
		k_err(err2));
	fd = open(file.path, O_RDONLY);
	k_lease(fd, F_LAYOUT);
	err = try_reg(file.map, LEN, K_WRITE);
	err2 = try_reg(file.map, LEN, K_READ);
	k_check(!err && !err2,
		"lease on another O_RDONLY descriptor: %s, read-only %s",
		k_err(err), k_err(err2));
	r = k_run(child_pin, file.path);
	k_check(!r.err, "a child needs its own lease, then it can: %s",
		k_err(r.err));
	private = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.fd,
		       0);
	err = try_reg(private, LEN, K_WRITE);
	err2 = try_reg(private, LEN, K_READ);
	k_check(!err && !err2, "MAP_PRIVATE: %s, read-only %s", k_err(err),
		k_err(err2));
	munmap(private, LEN);

	op = k_start(k_shrink, file.path);
	k_break(NULL, K_SOON);
	err = try_reg(file.map, 4096, K_WRITE);
	k_check(err == EOPNOTSUPP, "while the lease is being broken: %s",
		k_err(err));
	k_lease(fd, F_UNLCK);
	k_wait(&op, K_SOON);

	k_lease_retry(fd, K_SOON);
	err = try_reg(file.map, 4096, K_WRITE);
	close(fd);
	err2 = try_reg(file.map, 4096, K_WRITE);
	k_check(!err && err2 == EOPNOTSUPP,
		"again with a lease: %s, its descriptor closed: %s", k_err(err),
		k_err(err2));
	k_file_close(&file);
}

/* A read-only MR must see what is stored later: it is not of the zero page. */
static void no_zero_page(const char *what, bool unwritten, size_t len)
{
	struct k_file file = k_file("z", 4096, 'z');
	struct ibv_mr *mr;
	char buf[8] = "";
	char *map, *ro;
	int fd, err, err2, wc;

	if (ftruncate(file.fd, 0) || ftruncate(file.fd, 2 * len) ||
	    (unwritten && fallocate(file.fd, 0, 0, 2 * len)))
		k_bail("ftruncate");
	map = mmap(NULL, 2 * len, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd,
		   0);
	k_lease(file.fd, F_LAYOUT);

	fd = open(file.path, O_RDONLY);
	ro = mmap(NULL, 2 * len, PROT_READ, MAP_SHARED, fd, 0);
	err = try_reg(ro, len, K_READ);
	err2 = try_reg(ro, len, K_WRITE);
	k_check(err == EFAULT && err2 == EFAULT,
		"%s, O_RDONLY mapping: read-only MR = %s, writable MR = %s",
		what, k_err(err), k_err(err2));

	/* Have the zero page mapped first. */
	madvise(map, len, MADV_POPULATE_READ);
	mr = k_reg(map, len, K_READ, &err);
	if (mr) {
		memcpy(map + len - 4096, "stored", 7);
		wc = k_rdma(IBV_WR_RDMA_READ, mr, map + len - 4096, buf, 7);
		k_check(!wc && !strcmp(buf, "stored"),
			"%s, writable mapping: read-only MR, RDMA READ has "
			"what was stored later: \"%.7s\"", what, buf);
	} else {
		k_check(false, "%s, writable mapping: read-only MR = %s", what,
			k_err(err));
	}
	k_dereg(&mr);

	/* Now that there are blocks, it works. */
	mr = k_reg(ro, len, K_READ, &err);
	memset(buf, 0, sizeof(buf));
	wc = mr ? k_rdma(IBV_WR_RDMA_READ, mr, ro + len - 4096, buf, 7) : -1;
	k_check(!wc && !strcmp(buf, "stored"),
		"%s filled, O_RDONLY mapping: read-only MR = %s, "
		"reads \"%.7s\"", what, k_err(err), buf);
	k_dereg(&mr);
	munmap(ro, 2 * len);
	munmap(map, 2 * len);
	close(fd);
	k_lease(file.fd, F_UNLCK);
	k_file_close(&file);
}

/* Beyond EOF there is nothing to pin. */
static void beyond_eof(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	int err;

	k_lease(file.fd, F_LAYOUT);
	munmap(file.map, LEN);
	file.map = mmap(NULL, 2 * LEN, PROT_READ | PROT_WRITE, MAP_SHARED,
			file.fd, 0);
	file.len = 2 * LEN;
	err = try_reg(file.map, 2 * LEN, K_WRITE);
	k_check(err == EFAULT, "half of it beyond EOF: %s", k_err(err));
	k_file_close(&file);
}

/* The holder ignores the break, and pins outlive the lease. */
static void time_out(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct ibv_mr *mr;
	struct k_result r;
	int err, wc;

	k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	r = k_run(k_shrink, file.path);
	k_check(mr && r.err == ETXTBSY && r.time > K_BREAK_TIME - 0.5,
		"ignored: truncate = %s after %.1f s", k_err(r.err), r.time);
	k_break(NULL, 0);
	wc = k_rdma_write(mr, file.map + 40960, "late", 5);
	k_check(!wc && file_has(file.path, 40960, "late"),
		"the MR still writes to the file");
	r = k_run(k_shrink, file.path);
	k_check(r.err == ETXTBSY && !k_break(NULL, 0),
		"second truncate, there is no lease to break: %s after %.1f s",
		k_err(r.err), r.time);
	err = k_lease(file.fd, F_LAYOUT);
	k_check(!err && !try_reg(file.map, LEN, K_WRITE),
		"a new lease and MR beside the old one: %s", k_err(err));
	k_lease(file.fd, F_UNLCK);
	k_dereg(&mr);
	r = k_run(k_shrink, file.path);
	k_check(!r.err && r.time < 1,
		"deregistered: truncate = %s after %.3f s", k_err(r.err),
		r.time);
	k_file_close(&file);
}

/* More jiffies than an int has; fs/locks.c takes the lease away at once. */
static void time_for_ever(void)
{
	struct k_file file = k_file("e", LEN, 'e');
	struct k_result r;
	struct ibv_mr *mr;
	struct k_op op;
	int err;

	k_sysctl("fs/lease-break-time", INT_MAX);
	k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	op = k_start(k_shrink, file.path);
	k_check(mr && k_break(NULL, K_SOON) && k_busy(&op, K_SOON),
		"lease-break-time of %d s: a break, and the pins are waited for",
		INT_MAX);
	k_lease(file.fd, F_UNLCK);
	k_dereg(&mr);
	r = k_wait(&op, K_SOON);
	k_check(!r.err, "deregistered: truncate = %s", k_err(r.err));
	k_sysctl("fs/lease-break-time", K_BREAK_TIME);
	k_file_close(&file);
}

/* In which order the holder gives way, and that it has to do both. */
static void order(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct ibv_mr *mr;
	struct k_result r;
	struct k_op op;
	int err;

	k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, LEN, K_READ, &err);
	op = k_start(k_shrink, file.path);
	k_break(NULL, K_SOON);
	k_lease(file.fd, F_UNLCK);
	k_check(k_busy(&op, 300), "F_UNLCK, still a read-only MR: waits");
	k_dereg(&mr);
	r = k_wait(&op, K_SOON);
	k_check(!r.err, "then deregistered: truncate = %s", k_err(r.err));
	k_file_close(&file);

	file = k_file("f", LEN, 'a');
	k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, LEN, K_WRITE, &err);
	op = k_start(k_shrink, file.path);
	k_break(NULL, K_SOON);
	k_dereg(&mr);
	r = k_wait(&op, 1000 * K_BREAK_TIME + 2000);
	k_check(!r.err && r.time > K_BREAK_TIME - 0.5,
		"deregistered, no F_UNLCK: truncate = %s after %.1f s",
		k_err(r.err), r.time);
	k_file_close(&file);
}

static uint64_t free_blocks(void)
{
	struct statfs s;

	sync();
	if (statfs(k_dir, &s))
		k_bail("statfs");
	return s.f_bfree * s.f_bsize;
}

/* But for what the file system needs for itself */
static bool wait_free(uint64_t at_least)
{
	double end = k_now() + 5;

	while (free_blocks() + K_MIB / 2 < at_least)
		if (k_now() > end)
			return false;
	return true;
}

/* munmap, close and unlink leave the pin, which keeps the blocks. */
static void orphan(void)
{
	struct k_file file = k_file("f", 16 * LEN, 'a');
	uint64_t before;
	struct ibv_mr *mr;
	struct k_result r;
	int err, wc, fd;

	k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, file.len, K_WRITE, &err);
	munmap(file.map, file.len);
	close(file.fd);
	k_sysctl("vm/drop_caches", 3);
	r = k_run(k_shrink, file.path);
	k_check(mr && r.err == ETXTBSY,
		"unmapped, closed, caches dropped: truncate = %s",
		k_err(r.err));
	wc = k_rdma_write(mr, file.map + 40960, "orphan", 7);
	k_check(!wc && file_has(file.path, 40960, "orphan"),
		"... and the MR writes to the file");
	before = free_blocks();
	unlink(file.path);
	fd = open(k_dir, O_RDONLY);
	syncfs(fd);
	close(fd);
	k_sysctl("vm/drop_caches", 3);
	k_check(free_blocks() < before + file.len / 2,
		"unlinked: the blocks stay, free %llu -> %llu",
		(unsigned long long)before, (unsigned long long)free_blocks());
	k_dereg(&mr);
	k_check(wait_free(before + file.len), "deregistered: they are free");
}

/* A process dies with an unlinked file; the MR may go before or after it. */
static void killed(bool device_first)
{
	struct k_file file;
	uint64_t before = free_blocks();
	struct ibv_mr *mr = NULL;
	int fds[2], err;
	pid_t pid;
	char c;

	if (pipe(fds))
		k_bail("pipe");
	pid = fork();
	if (!pid) {
		close(fds[0]);
		if (device_first)
			try_reg(&c, 1, K_READ);
		file = k_file("k", 4 * LEN, 'k');
		unlink(file.path);
		if (!k_lease(file.fd, F_LAYOUT))
			mr = k_reg(file.map, file.len, K_WRITE, &err);
		if (mr && write(fds[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(fds[1]);
	k_check(read(fds[0], &c, 1) == 1,
		"child with an unlinked, pinned file");
	close(fds[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	k_check(wait_free(before), "... killed (device opened %s): all is free",
		device_first ? "first" : "last");
}

int main(int argc, char **argv)
{
	k_begin_layout(argc, argv, 180);
	who();
	no_zero_page("hole", false, 65536);
	no_zero_page("unwritten extent", true, 65536);
	no_zero_page("hole of 4 MiB", false, 4 * K_MIB);
	no_zero_page("unwritten extent of 4 MiB", true, 4 * K_MIB);
	beyond_eof();
	time_out();
	time_for_ever();
	order();
	orphan();
	killed(true);
	killed(false);
	return k_end();
}
