// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The program's own leases keep signalling beside pinsafe's, on other files and
 * on the same file.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#ifndef F_LAYOUT
#define F_LAYOUT 16
#endif

#define FILE_LEN (1UL << 20)
#define ARRIVAL_MS 5000
#define OWN_SIGNAL (SIGRTMIN + 3)

static char own_path[FILES_PATH_MAX];

static int open_own(void *arg, long flags)
{
	int fd = open(own_path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* All signals are blocked, so it waits until it is asked for */
static bool receive(int number, int ms, siginfo_t *ret)
{
	struct timespec timeout = {ms / 1000, ms % 1000 * 1000000L};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	return sigtimedwait(&set, ret, &timeout) == number;
}

static void classic(struct t_child *opener, int type, int number)
{
	const char *name = type == F_RDLCK ? "F_RDLCK" : "F_WRLCK";
	struct t_child_result result;
	siginfo_t info = {0};
	bool came;
	int fd;

	fd = open(own_path, type == F_RDLCK ? O_RDONLY : O_RDWR);
	if (fd < 0 || fcntl(fd, F_SETSIG, number) ||
	    fcntl(fd, F_SETLEASE, type))
		t_bail("taking a lease of our own");
	t_child_go(opener, type == F_RDLCK ? O_WRONLY : O_RDONLY);
	came = receive(number, ARRIVAL_MS, &info);
	t_ok(came && info.si_fd == fd, "%s on another file: signal %d arrives",
	     name, number);
	if (fcntl(fd, F_SETLEASE, F_UNLCK))
		t_bail("releasing it");
	t_ok(t_child_wait(opener, ARRIVAL_MS, &result) && !result.err,
	     "%s: who opened the file goes on", name);
	close(fd);
}

static int take_layout(const struct region *region)
{
	int fd = open(region->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fcntl(fd, F_SETSIG, OWN_SIGNAL) ||
	    fcntl(fd, F_SETLEASE, F_LAYOUT))
		t_bail("taking a layout lease of our own");
	return fd;
}

static bool is_revoked(void *before)
{
	return guard_stats().revoked_mrs > *(uint64_t *)before;
}

static void layout(struct region *region, struct verbs *verbs,
		   struct t_child *truncater, bool is_first)
{
	const char *what = is_first ? "own layout lease, taken first"
				    : "own layout lease, taken second";
	struct t_child_result result;
	uint64_t revoked = guard_stats().revoked_mrs;
	siginfo_t info = {0};
	int fd = -1;

	if (is_first)
		fd = take_layout(region);
	region_register(region, verbs);
	if (!is_first)
		fd = take_layout(region);
	t_ok(guard_leases(region->fd).held == 2, "%s: two leases", what);

	t_child_go(truncater, 0);
	t_ok(receive(OWN_SIGNAL, ARRIVAL_MS, &info) && info.si_fd == fd,
	     "%s: its signal arrives", what);
	t_ok(!t_child_returned(truncater), "%s: truncate waits for it", what);
	/* Who took a lease first is told first. */
	t_ok(t_wait(is_revoked, &revoked, ARRIVAL_MS),
	     "%s: pinsafe has its own", what);
	region_check_revoked(region, verbs, what);
	if (fcntl(fd, F_SETLEASE, F_UNLCK))
		t_bail("releasing it");
	t_ok(t_child_wait(truncater, ARRIVAL_MS, &result) && !result.err,
	     "%s: truncate goes on", what);
	region_deregister(region);
	close(fd);
	if (ftruncate(region->fd, region->len))
		t_bail("extending the file");
}

int main(int argc, char **argv)
{
	struct t_child opener, truncater;
	struct region region, guarded;
	struct verbs verbs;
	sigset_t all;
	int fd;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(own_path, getenv("PINSAFE_TEST_PAGECACHE") ?: "/tmp",
		   "own-lease");
	fd = files_create(own_path, 4096, 'o');
	close(fd);
	region_create(&region, argv[1], "own-layout", FILE_LEN);
	region_create(&guarded, argv[1], "own-guarded", FILE_LEN);
	t_child_start(&opener, open_own, NULL);
	t_child_start(&truncater, region_truncate, region.path);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	verbs_open(&verbs);
	region_register(&guarded, &verbs);

	classic(&opener, F_RDLCK, OWN_SIGNAL);
	classic(&opener, F_WRLCK, OWN_SIGNAL);
	classic(&opener, F_WRLCK, SIGIO);
	layout(&region, &verbs, &truncater, true);
	layout(&region, &verbs, &truncater, false);

	region_check_alive(&guarded, &verbs, "the other region");
	region_destroy(&guarded);
	region_destroy(&region);
	unlink(own_path);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&opener);
	t_child_stop(&truncater);
	return t_done();
}
