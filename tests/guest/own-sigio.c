// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Each SIGIO that another process sends to the program arrives there, once,
 * by a handler or by a signalfd, while leases are broken and retaken.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "stream.h"
#include "t.h"

#define N_SIGNALS 500
#define FILE_LEN (1UL << 20)
#define ARRIVAL_MS 10000

static _Atomic int *arrived; /* shared with the sender */
static atomic_bool stop;
static atomic_int truncates;
static struct region streamed, broken;
static struct verbs verbs;

struct goal {
	int n;
};

static bool have_arrived(void *arg)
{
	return *arrived >= ((struct goal *)arg)->n;
}

/* They do not queue, so the next goes when the last has arrived. */
static int send_signals(void *arg, long receiver)
{
	struct goal goal;

	for (goal.n = 1; goal.n <= N_SIGNALS; goal.n++) {
		if (kill(receiver, SIGIO))
			return errno;
		if (!t_wait(have_arrived, &goal, ARRIVAL_MS))
			return ETIMEDOUT;
	}
	return 0;
}

static void on_sigio(int number)
{
	(*arrived)++;
}

static bool is_truncated(void *before)
{
	return truncates != *(int *)before || stop;
}

/* The only thread that takes the signal while there is a handler */
static void *register_again_and_again(void *is_receiver)
{
	sigset_t set;
	int before;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	if (is_receiver)
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	while (!stop) {
		before = truncates;
		if (ftruncate(broken.fd, FILE_LEN))
			t_bail("extending the file");
		region_register(&broken, &verbs);
		if (!t_wait(is_truncated, &before, guard_break_time_ms()) ||
		    ibv_dereg_mr(broken.mr))
			t_bail("deregistering what was revoked");
		broken.mr = NULL;
	}
	return NULL;
}

static void *read_signalfd(void *arg)
{
	struct signalfd_siginfo info;
	struct pollfd pfd = {.fd = *(int *)arg, .events = POLLIN};

	while (!stop)
		if (poll(&pfd, 1, 100) == 1 &&
		    read(pfd.fd, &info, sizeof(info)) == sizeof(info))
			(*arrived)++;
	return NULL;
}

static bool is_registered(void *sender)
{
	return guard_stats().guarded_mrs == 2 || t_child_returned(sender);
}

/* Until the signals are sent; how many leases were broken meanwhile */
static uint64_t break_until(struct t_child *sender, struct t_child *truncater)
{
	uint64_t before = guard_stats().breaks;

	while (!t_child_returned(sender)) {
		if (!t_wait(is_registered, sender, ARRIVAL_MS) ||
		    guard_stats().guarded_mrs != 2)
			break;
		t_child_run(truncater, 0, guard_break_time_ms());
		truncates++;
	}
	return guard_stats().breaks - before;
}

static void receive(struct t_child *sender, struct t_child *truncater,
		    int signal_fd)
{
	const char *what = signal_fd < 0 ? "handler" : "signalfd";
	struct t_child_result result;
	pthread_t worker, reader;
	unsigned long breaks;

	*arrived = 0;
	stop = false;
	if (pthread_create(&worker, NULL, register_again_and_again,
			   signal_fd < 0 ? &stop : NULL) ||
	    (signal_fd >= 0 &&
	     pthread_create(&reader, NULL, read_signalfd, &signal_fd)))
		t_bail("pthread_create");
	t_child_go(sender, getpid());
	breaks = break_until(sender, truncater);
	t_child_wait(sender, 0, &result);
	stop = true;
	pthread_join(worker, NULL);
	if (signal_fd >= 0)
		pthread_join(reader, NULL);
	t_zero(result.err, "%s: every signal arrives", what);
	t_ok(*arrived == N_SIGNALS, "%s: %d of %d signals, each once", what,
	     *arrived, N_SIGNALS);
	t_ok(breaks > 0, "%s: %lu leases were broken meanwhile", what, breaks);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_sigio,
				   .sa_flags = SA_RESTART};
	struct t_child sender, truncater;
	struct stream stream;
	int signal_fd;
	sigset_t set;

	if (argc != 2)
		t_bail("usage: DIR");
	arrived = t_shared(sizeof(*arrived));
	region_create(&streamed, argv[1], "sigio-stream", FILE_LEN);
	region_create(&broken, argv[1], "sigio-break", FILE_LEN);
	t_child_start(&sender, send_signals, NULL);
	t_child_start(&truncater, region_truncate, broken.path);
	stream_fork_peer(&stream);

	/* The threads of the test itself cannot be interrupted */
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGIO, &action, NULL);
	verbs_open(&verbs);
	region_register(&streamed, &verbs);
	stream_start(&stream, &verbs, streamed.addr, FILE_LEN,
		     streamed.mr->rkey);

	receive(&sender, &truncater, -1);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (signal_fd < 0)
		t_bail("signalfd");
	receive(&sender, &truncater, signal_fd);

	t_ok(stream_wait_successes(&stream, 20, 30000) &&
		     !stream_first_error_ns(&stream),
	     "the stream has gone on without an error");
	stream_stop(&stream);
	close(signal_fd);
	region_destroy(&streamed);
	region_destroy(&broken);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&sender);
	t_child_stop(&truncater);
	return t_done();
}
