// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the program is sent by the number of the signal that pinsafe uses for
 * itself gets to the program: queued by another process, or from a lease that
 * the program has on another file.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define ARRIVAL_MS 3000
#define SIGNAL (SIGRTMAX - 2) /* PINSAFE_SIGNAL by default */
#define N_QUEUED 50
#define N_LEASES 10

static char path[FILES_PATH_MAX];

static int open_file(void *arg, long flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int send_queued(void *arg, long receiver)
{
	union sigval value;

	for (value.sival_int = 1; value.sival_int <= N_QUEUED;
	     value.sival_int++)
		if (sigqueue(receiver, SIGNAL, value))
			return errno;
	return 0;
}

/* It is blocked in all threads, so it waits until somebody asks for it */
static bool receive(siginfo_t *ret)
{
	struct timespec timeout = {ARRIVAL_MS / 1000, 0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	return sigtimedwait(&set, ret, &timeout) == SIGNAL;
}

/* Have pinsafe look for its signals, so that it finds the program's */
static void stir(struct region *region, struct verbs *verbs)
{
	region_register(region, verbs);
	if (ibv_dereg_mr(region->mr))
		t_bail("ibv_dereg_mr");
	region->mr = NULL;
}

static void queued(struct t_child *sender, struct region *region,
		   struct verbs *verbs)
{
	siginfo_t info = {0};
	int n = 0, in_order = 0;

	t_zero(t_child_run(sender, getpid(), ARRIVAL_MS).err,
	       "another process queues %d", N_QUEUED);
	stir(region, verbs);
	while (n < N_QUEUED && receive(&info))
		in_order += info.si_value.sival_int == ++n;
	t_ok(n == N_QUEUED, "%d of %d arrive, %d of them in order", n, N_QUEUED,
	     in_order);
}

static bool is_breaking(void *fd)
{
	int type = fcntl(*(int *)fd, F_GETLEASE);

	return type != F_WRLCK;
}

/* Did the signal of a lease of our own arrive? */
static bool lease_signals(struct t_child *opener, struct region *region,
			  struct verbs *verbs)
{
	struct t_child_result result;
	siginfo_t info = {0};
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool came;

	if (fd < 0 || fcntl(fd, F_SETSIG, SIGNAL) ||
	    fcntl(fd, F_SETLEASE, F_WRLCK))
		t_bail("taking a lease of our own");
	t_child_go(opener, O_RDONLY);
	if (!t_wait(is_breaking, &fd, ARRIVAL_MS))
		t_bail("no break");
	stir(region, verbs);
	came = receive(&info);
	if (fcntl(fd, F_SETLEASE, F_UNLCK) ||
	    !t_child_wait(opener, ARRIVAL_MS, &result) || result.err)
		t_bail("releasing it");
	/* The kernel lets nobody send POLL_MSG, so si_code is SI_QUEUE. */
	came = came && info.si_fd == fd;
	close(fd);
	return came;
}

int main(int argc, char **argv)
{
	struct t_child opener, sender;
	struct region guarded, other;
	struct verbs verbs;
	int i, n = 0;
	sigset_t all;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(path, getenv("PINSAFE_TEST_PAGECACHE") ?: "/tmp", "shared");
	close(files_create(path, 4096, 's'));
	region_create(&guarded, argv[1], "guarded", FILE_LEN);
	region_create(&other, argv[1], "other", FILE_LEN);
	t_child_start(&opener, open_file, NULL);
	t_child_start(&sender, send_queued, NULL);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	verbs_open(&verbs);
	region_register(&guarded, &verbs);

	queued(&sender, &other, &verbs);
	for (i = 0; i < N_LEASES; i++)
		n += lease_signals(&opener, &other, &verbs);
	t_ok(n == N_LEASES, "%d of %d breaks of an own lease are signalled", n,
	     N_LEASES);

	region_destroy(&guarded);
	region_destroy(&other);
	unlink(path);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&opener);
	t_child_stop(&sender);
	return t_done();
}
