// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The end of the last thread of the program.
 *
 * The keeper notices it, but has descriptors of its own: what exit(3) flushes
 * would get to wrong files.  So there is a thread that has those of the program
 * and waits for nothing else.
 *
 * Only a thread can make threads.  So once there is none but ours, and ours run
 * nothing of the program, none comes any more.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/stat.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "aside.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/neutral.h"
#include "base/sys.h"
#include "base/sys_lines.h"

#define LOOK_INTERVAL_NS NSEC_PER_SEC

/* The keeper and the thread that waits here */
#define N_OWN_THREADS 2

static pthread_cond_t ends = PTHREAD_COND_INITIALIZER;
static bool is_over PS_GUARDED_BY(event_lock);
static bool is_waiting;
/* Of the keeper's thread */
static uint64_t next_look_ns;
/* Handed over with is_over */
static sigset_t program_signals;

/*
 * From here on this is a thread of the program: what ended the others may have
 * left a signal pending, and what is done at exit may take its time.
 */
static void *wait_for_end(void *arg)
{
	neutral_become("pinsafe-exit");
	ps_lock(&event_lock);
	while (!is_over)
		ps_wait(&ends, &event_lock);
	ps_unlock(&event_lock);
	(void)sys_sigmask(SIG_SETMASK, &program_signals, NULL);
	exit(EXIT_SUCCESS);
}

void last_thread_start(void)
{
	pthread_t thread;
	int r;

	if (__atomic_load_n(&is_waiting, __ATOMIC_RELAXED))
		return;
	r = neutral_start(wait_for_end, NULL, NULL, &thread);
	if (r)
		log_warn("last_thread: cannot start a thread: %s; if the program ends by pthread_exit() in all threads, the process stays",
			 strerror(r));
	else
		__atomic_store_n(&is_waiting, true, __ATOMIC_RELEASE);
}

/* proc(5), /proc/pid/status: of the main thread, but for how many there are */
struct status {
	char state;
	unsigned int n_threads;
	uint64_t blocked;
};

static bool read_status(struct status *ret_status)
{
	struct sys_lines lines;
	struct status status;
	char *line;
	int n = 0;

	if (sys_lines_open(&lines, "/proc/self/status"))
		return false;
	while ((line = sys_lines_next(&lines)))
		n += sscanf(line, "State: %c", &status.state) == 1 ||
		     sscanf(line, "Threads: %u", &status.n_threads) == 1 ||
		     sscanf(line, "SigBlk: %" SCNx64, &status.blocked) == 1;
	sys_lines_close(&lines);
	if (n == 3)
		*ret_status = status;
	return n == 3;
}

/* Without memory it has no program either; no file system is asked about that. */
static bool has_main_thread(void)
{
	struct statx stx;

	return !sys_statx(AT_FDCWD, "/proc/self/exe", AT_STATX_DONT_SYNC, 0,
			  &stx);
}

/*
 * A main thread that has ended stays in the list, as a zombie.  Between the two
 * looks at it the thread that runs handlers has come to no handler, which might
 * have made a thread.
 */
static bool only_ours_are_left(struct status *ret_status)
{
	struct event_thread before, after;

	before = event_thread_get();
	if (!before.is_idle || has_main_thread() || !read_status(ret_status))
		return false;
	after = event_thread_get();
	return ret_status->state == 'Z' && after.is_idle &&
	       before.exists == after.exists &&
	       before.n_calls == after.n_calls &&
	       ret_status->n_threads == 1 + N_OWN_THREADS +
					  log_queue_has_thread() +
					  aside_n_threads() + after.exists;
}

void last_thread_look(void)
{
	uint64_t now_ns = clock_now_ns();
	struct status status;
	int i;

	if (now_ns < next_look_ns ||
	    !__atomic_load_n(&is_waiting, __ATOMIC_ACQUIRE))
		return;
	next_look_ns = now_ns + LOOK_INTERVAL_NS;
	if (!only_ours_are_left(&status))
		return;
	log_debug("last_thread: all threads of the program have ended");
	next_look_ns = UINT64_MAX;
	sigemptyset(&program_signals);
	for (i = 1; i <= SIGRTMAX; i++)
		if (status.blocked >> (i - 1) & 1)
			(void)sigaddset(&program_signals, i);
	ps_lock(&event_lock);
	is_over = true;
	pthread_cond_signal(&ends);
	ps_unlock(&event_lock);
}

void last_thread_forget(void)
{
	ends = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	is_waiting = false;
	next_look_ns = 0;
}
