// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What breaks a layout lease on a file with a page cache: whatever takes pages
 * away waits for the memory regions over them, and fails with ETXTBSY when they
 * stay.  Without a lease it leaves regions that are stale.
 *
 * Each operation has a file of its own, which another process has open and
 * reads.  All of them run at the same time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-cached.h"

#define SHORT 1		/* s; lease-break-time if it is to be over */
#define LONG 60		/* s; if it is not */
#define SOME_TIME 20000	/* ms, for what happens at once */

struct lane {
	const struct cached_op *op;
	struct k_file file;
	struct ibv_mr *mr;
	struct k_op running;
	struct k_result result;
	bool broken;	/* the signal of the lease has come */
};

enum { MAX_LANES = 32 };
static struct lane lanes[MAX_LANES], *lanes_end = lanes;

#define for_each_lane(l) for (l = lanes; l < lanes_end; l++)

static size_t where(const struct lane *l)
{
	if (!l->op->tail)
		return cached_unit;
	return cached_len -
	       (cached_fs == CACHED_HUGETLBFS ? cached_unit : 4096);
}

static int late(const struct lane *l)
{
	return l->op->late ? l->op->late : ETXTBSY;
}

/* Did it do what it does on this file system when nothing is in its way? */
static bool went_through(const struct lane *l)
{
	int err = l->result.err;

	return cached_does(l->op) == 'r' ? err > 0 && err != ETXTBSY : !err;
}

/* Somebody else, who has it all open for writing and reads now and then */
static int stop_others = -1;
static pid_t others;

static _Noreturn void be_others(int stop)
{
	struct pollfd pfd = { .fd = stop, .events = POLLIN };
	int fd[MAX_LANES];
	static char buf[65536];
	struct lane *l;

	for_each_lane(l) {
		fd[l - lanes] = open(l->file.path, O_RDWR);
		if (fd[l - lanes] < 0)
			_exit(1);
	}
	do {
		for_each_lane(l) {
			int r = open(l->file.path, O_RDONLY);

			if (read(r, buf, sizeof(buf)) < 0)
				_exit(1);
			close(r);
		}
	} while (!poll(&pfd, 1, 200));
	_exit(0);
}

static void start_others(void)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		k_bail("pipe");
	others = fork();
	if (!others) {
		close(fds[1]);
		be_others(fds[0]);
	}
	close(fds[0]);
	stop_others = fds[1];
}

static void end_others(void)
{
	int status;

	close(stop_others);
	if (waitpid(others, &status, 0) != others || status)
		k_check(false, "the other process could not open or read");
}

/* A file for each operation that does one of these here */
static void open_lanes(const char *does, bool lease)
{
	struct lane *l = lanes;
	char name[32];
	size_t i;
	int err;

	for (i = 0; i < cached_n_ops; i++) {
		if (!strchr(does, cached_does(&cached_ops[i])))
			continue;
		snprintf(name, sizeof(name), "lane%zu", i);
		*l = (struct lane){ .op = &cached_ops[i] };
		l->file = cached_file(name);
		err = lease ? k_lease(l->file.fd, F_LAYOUT) : 0;
		if (err)
			k_check(false, "%s: no lease: %s", l->op->name,
				k_err(err));
		l->mr = cached_mr(&l->file);
		l++;
	}
	lanes_end = l;
	start_others();
}

static void close_lanes(void)
{
	struct lane *l;

	end_others();
	for_each_lane(l) {
		k_dereg(&l->mr);
		k_lease(l->file.fd, F_UNLCK);
		k_file_close(&l->file);
	}
	while (k_break(NULL, 0))
		;
}

static void start_all(void)
{
	struct lane *l;

	for_each_lane(l)
		l->running = k_start(l->op->fn, l->file.path);
}

static void wait_all(void)
{
	struct lane *l;

	for_each_lane(l)
		l->result = k_wait(&l->running, SOME_TIME);
}

static int left_until(double end)
{
	double left = end - k_now();

	return left > 0 ? left * 1e3 : 0;
}

static void see_breaks(int ms)
{
	double end = k_now() + ms / 1e3;
	size_t missing = lanes_end - lanes;
	struct lane *l;
	siginfo_t si;

	for (; missing && k_break(&si, ms); ms = left_until(end))
		for_each_lane(l)
			if (l->file.fd == si.si_fd && !l->broken) {
				l->broken = true;
				missing--;
			}
}

static bool unchanged(const struct lane *l)
{
	struct stat st;

	return !fstat(l->file.fd, &st) && st.st_size == (off_t)cached_len &&
	       k_filled(&l->file, 's');
}

/* Is what the memory region reads what the file had from the beginning? */
static bool reads(const struct lane *l)
{
	char got[8] = "";

	return !k_rdma(IBV_WR_RDMA_READ, l->mr, l->file.map + where(l), got,
		       sizeof(got)) &&
	       !memcmp(got, "ssssssss", sizeof(got));
}

static void holder_gives_way(void)
{
	struct lane *l;
	bool works;

	k_sysctl("fs/lease-break-time", LONG);
	open_lanes("!br", true);
	start_all();
	see_breaks(SOME_TIME);
	for_each_lane(l) {
		works = k_busy(&l->running, 0) && reads(l);
		k_dereg(&l->mr);
		k_lease(l->file.fd, F_UNLCK);
		l->result = k_wait(&l->running, SOME_TIME);
		k_check(l->broken && works && went_through(l),
			"%s: %s, %s, and %s when the holder gives way",
			l->op->name, l->broken ? "break" : "NO BREAK",
			works ? "it waits, the MR works" : "IT DOES NOT WAIT",
			k_err(l->result.err));
	}
	close_lanes();
}

static void holder_is_deaf(void)
{
	struct lane *l;
	bool same;

	k_sysctl("fs/lease-break-time", SHORT);
	start_all();
	wait_all();
	see_breaks(0);
	for_each_lane(l) {
		same = unchanged(l) &&
		       cached_coherent(&l->file, l->mr, where(l));
		k_check(l->broken && l->result.err == late(l) && same,
			"%s: %s, %s when it does not, file and MR are %s",
			l->op->name, l->broken ? "break" : "NO BREAK",
			k_err(l->result.err),
			same ? "as before" : "NOT AS BEFORE");
	}
}

/* The lease is gone, and the mapping: what counts is the memory region. */
static void only_the_region_is_left(void)
{
	struct lane *l;
	int err;

	for_each_lane(l) {
		err = k_lease_retry(l->file.fd, SOME_TIME);
		if (err)
			k_check(false, "%s: no new lease: %s", l->op->name,
				k_err(err));
		munmap(l->file.map, l->file.len);
		k_lease(l->file.fd, F_UNLCK);
	}
	start_all();
	wait_all();
	for_each_lane(l)
		k_check(l->result.err == late(l),
			"%s: %s with no lease and no mapping, only an MR",
			l->op->name, k_err(l->result.err));
}

/* Until the operation sleeps, so waits */
static void wait_asleep(const struct k_op *op)
{
	double end = k_now() + SOME_TIME / 1e3;
	char path[64], state = 'R';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", op->pid);
	do {
		f = fopen(path, "r");
		if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 'R';
		if (f)
			fclose(f);
	} while (!strchr("SD", state) && k_now() < end && k_busy(op, 1));
}

static void region_goes(void)
{
	struct lane *l;
	int woken = 0;
	bool busy;

	k_sysctl("fs/lease-break-time", LONG);
	start_all();
	for_each_lane(l)
		wait_asleep(&l->running);
	cached_trace_wakeups(true);
	for_each_lane(l) {
		busy = k_busy(&l->running, 0);
		k_dereg(&l->mr);
		l->result = k_wait(&l->running, SOME_TIME);
		k_check(busy && went_through(l),
			"%s: %s after the MR is gone, until then it %s",
			l->op->name, k_err(l->result.err),
			busy ? "waits" : "DOES NOT WAIT");
		woken += cached_we_woke(l->running.pid);
		l->file.map = mmap(NULL, l->file.len, PROT_READ | PROT_WRITE,
				   MAP_SHARED, l->file.fd, 0);
	}
	cached_trace_wakeups(false);
	/*
	 * An operation looks again ten times a second as well, which is a timer's
	 * doing; that of the loop device waits in a thread of the kernel.
	 */
	k_check(woken > lanes_end - lanes - 3,
		"the end of an MR woke %d of %td that waited for it", woken,
		lanes_end - lanes);
	close_lanes();
}

/* What it is all for: no lease */
static void control(void)
{
	struct lane *l;
	bool same;
	char does;

	open_lanes("!b-", false);
	start_all();
	wait_all();
	for_each_lane(l) {
		does = cached_does(l->op);
		same = cached_coherent(&l->file, l->mr, where(l));
		if (does == '-')
			k_check(l->result.err > 0 && same,
				"control: %s is refused: %s", l->op->name,
				k_err(l->result.err));
		else if (does == '!')
			k_check(!l->result.err && !same,
				"control: %s: %s, the MR is %s", l->op->name,
				k_err(l->result.err),
				same ? "COHERENT" : "stale");
		else
			k_note("control: %s: %s, the MR is %s", l->op->name,
			       k_err(l->result.err),
			       same ? "coherent" : "stale");
	}
	close_lanes();
}

int main(int argc, char **argv)
{
	k_begin_layout(argc, argv, 170);
	cached_begin();
	open_lanes("!br", true);
	holder_is_deaf();
	only_the_region_is_left();
	region_goes();
	holder_gives_way();
	control();
	cached_end();
	return k_end();
}
