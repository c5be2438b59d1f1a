// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Holders write to their files by RDMA until they are told to give way, and
 * sometimes longer; others truncate, punch, grow and unlink these files on a
 * nearly full file system, so that blocks move on at once.  Into canaries, that
 * nobody writes to: if one changes, DMA went to a freed block.
 *
 * kernel-stress DIRECTORY [SECONDS [PAUSE]]
 *
 * With PAUSE there is one holder, and that many ms between two of its leases;
 * all others rest for a tenth of that.  SIGTERM ends it early.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-common.h"

#define LEN K_MIB
#define FILES 2
#define CANARIES 4
#define HOLDERS 3
#define CUTTERS 2
#define PATIENCE 40 /* in s */

static struct counters {
	double end;
	long mr, refused, writes, breaks, ignored;
	long cut, busy, error;
	long canaries, damaged;
} *count;

#define COUNT(what) __atomic_fetch_add(&count->what, 1, __ATOMIC_RELAXED)

static int pause_ms;

static void rest(int part)
{
	usleep(pause_ms * 1000 / part);
}

static bool seen_all(void)
{
	return count->mr && count->writes && count->breaks && count->cut &&
	       count->canaries;
}

/* On a busy machine it may take longer until anything has happened. */
static bool over(void)
{
	double late = k_now() - count->end;

	return late >= 0 && (seen_all() || late >= PATIENCE);
}

static void finish(int sig)
{
	count->end = -PATIENCE;
}

static void name(char path[300], const char *kind, int i)
{
	snprintf(path, 300, "%s/%s%d", k_dir, kind, i);
}

static void use_mr(struct ibv_mr *mr, char *map)
{
	double until = k_now() + rand() % 50 / 1e3;

	do {
		if (!k_rdma_write(mr, map + rand() % 256 * 4096,
			    "HHHHHHHH", 8))
			COUNT(writes);
		if (!k_break(NULL, 0))
			continue;
		COUNT(breaks);
		if (rand() % 4)
			break;
		COUNT(ignored);
		until = k_now() + 1.5;
	} while (k_now() < until);
}

/* The MR goes first, or last, or after the mapping. */
static void hold(int fd)
{
	enum { MR_FIRST, MR_AFTER_MAP, MR_LAST } order = rand() % 3;
	struct ibv_mr *mr;
	char *map;
	int err;

	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	mr = k_reg(map, LEN, rand() % 4 ? K_WRITE : K_READ, &err);
	if (mr)
		COUNT(mr);
	else
		COUNT(refused);
	if (order == MR_AFTER_MAP)
		munmap(map, LEN);
	if (mr)
		use_mr(mr, map);
	if (order == MR_LAST) {
		munmap(map, LEN);
		close(fd);
	}
	k_dereg(&mr);
	if (order == MR_LAST)
		return;
	k_lease(fd, F_UNLCK);
	if (order == MR_FIRST)
		munmap(map, LEN);
	close(fd);
}

static void holder(void)
{
	char path[300];
	int fd;

	while (!over()) {
		name(path, "s", rand() % FILES);
		fd = open(path, O_RDWR);
		if (fd >= 0 && !k_lease(fd, F_LAYOUT))
			hold(fd);
		else if (fd >= 0)
			close(fd);
		rest(1);
	}
}

static int cut(const char *path)
{
	int fd, ret;

	switch (rand() % 6) {
	case 0:
		return truncate(path, 0);
	case 1:
		return unlink(path);
	case 2:
		/* larger or smaller, as the size changes all the time */
		return truncate(path, rand() % (2 * LEN));
	}
	fd = open(path, O_RDWR | O_CREAT, 0644);
	ret = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			rand() % 8 * 131072, 131072);
	if (fd >= 0)
		close(fd);
	return ret;
}

static void cutter(void)
{
	char path[300];
	int fd, i;

	while (!over()) {
		rest(10);
		name(path, "s", rand() % FILES);
		if (!cut(path))
			COUNT(cut);
		else if (errno == ETXTBSY)
			COUNT(busy);
		else
			COUNT(error);
		fd = open(path, O_RDWR | O_CREAT, 0644);
		if (fd < 0)
			continue;
		if (!fallocate(fd, 0, 0, LEN))
			for (i = 0; i < LEN / 4096; i++)
				if (pwrite(fd, "0", 1, i * 4096) < 0)
					break;
		close(fd);
	}
}

static void canary(void)
{
	static char want[LEN], got[LEN];
	char path[300];
	int fd, i = 0;
	ssize_t n;

	memset(want, 'c', LEN);
	while (!over() || i % CANARIES) {
		rest(10);
		name(path, "c", i++ % CANARIES);
		fd = open(path, O_RDONLY);
		n = fd < 0 ? 0 : read(fd, got, LEN);
		if (fd >= 0)
			close(fd);
		if (n > 0 && memcmp(want, got, n))
			COUNT(damaged);
		unlink(path);
		fd = open(path, O_WRONLY | O_CREAT, 0644);
		if (fd < 0)
			continue;
		if (write(fd, want, LEN) > 0)
			COUNT(canaries);
		close(fd);
	}
}

/* Does the kernel need a lease for a pin, or is it a control? */
static bool is_unsafe(void)
{
	struct k_file file = k_file("probe", 4096, 'p');
	struct ibv_mr *mr;
	int err;

	mr = k_reg(file.map, 4096, K_WRITE, &err);
	k_dereg(&mr);
	k_file_close(&file);
	return !err;
}

/* Fill up the file system, but for this much */
static void fill_up(const char *path, off_t leave)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);
	off_t size = 0, step = 64 * K_MIB;

	if (fd < 0)
		k_bail(path);
	while (step >= 65536)
		if (fallocate(fd, 0, size, step))
			step /= 2;
		else
			size += step;
	if (size < leave || ftruncate(fd, size - leave) || fsync(fd))
		k_bail(path);
	close(fd);
}

int main(int argc, char **argv)
{
	int seconds = argc > 2 ? atoi(argv[2]) : 10;
	int holders = argc > 3 ? 1 : HOLDERS;
	int i, status, bad = 0;
	char path[300];

	pause_ms = argc > 3 ? atoi(argv[3]) : 0;
	k_begin_layout(argc, argv, seconds + PATIENCE + 60);
	k_sysctl("fs/lease-break-time", 1);
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(path, sizeof(path), "%s/filler", k_dir);
	fill_up(path, (FILES + CANARIES) * LEN);
	count->end = k_now() + seconds;
	signal(SIGTERM, finish);
	for (i = 0; i < holders + CUTTERS + 1; i++) {
		if (fork())
			continue;
		srand(i + 1);
		if (i < holders)
			holder();
		else if (i < holders + CUTTERS)
			cutter();
		else
			canary();
		_exit(0);
	}
	for (;;) {
		if (wait(&status) > 0)
			bad += status != 0;
		else if (errno != EINTR)
			break;
	}
	for (i = 0; i < CANARIES; i++) {
		name(path, "c", i);
		unlink(path);
		name(path, "s", i);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/filler", k_dir);
	unlink(path);
	k_note("%ld MRs, %ld refused, %ld RDMA writes, %ld breaks, %ld ignored",
	       count->mr, count->refused, count->writes, count->breaks,
	       count->ignored);
	k_note("%ld cuts, %ld ETXTBSY, %ld other errors", count->cut,
	       count->busy, count->error);
	k_check(!bad, "%d of the processes failed", bad);
	k_check(seen_all(), "there was something to see");
	if (is_unsafe())
		k_note("%ld canaries, %ld damaged (a control)",
		       count->canaries, count->damaged);
	else
		k_check(!count->damaged, "%ld canaries, %ld damaged",
			count->canaries, count->damaged);
	return k_end();
}
