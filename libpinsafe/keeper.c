// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The keeper: the thread that owns the leases and receives their signals.
 *
 * It has a descriptor table of its own.  So the program can close_range() what
 * it likes, children inherit no lease, and closing a leased file does not drop
 * the record locks that the program holds on it.  It starts with the first
 * request and lives as long as the process.
 */
#include <errno.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/neutral.h"
#include "base/sys.h"
#include "keeper.h"
#include "sigio.h"

/* Whether the program still has threads, and lost signals, are looked for. */
#define LOOK_INTERVAL_NS NSEC_PER_SEC

struct request {
	int (*fn)(void *arg);
	void *arg;
	int result;
	bool done;
	STAILQ_ENTRY(request) link;
};

static pthread_cond_t request_done = PTHREAD_COND_INITIALIZER;
static STAILQ_HEAD(, request) requests PS_GUARDED_BY(request_lock) =
	STAILQ_HEAD_INITIALIZER(requests);
/* One thread at a time starts the keeper; it waits without the lock. */
static bool is_starting PS_GUARDED_BY(request_lock);
static atomic_bool is_running;	/* changed under the lock */

static const struct keeper_work *work;

void keeper_set_work(const struct keeper_work *w)
{
	work = w;
}

static int leave_descriptor_table(struct cause *cause)
{
	int fd;

	if (sys_close_range(0, ~0u, CLOSE_RANGE_UNSHARE))
		return cause_call(cause, "close_range(2)", errno);
	/*
	 * Nothing of ours may end up under the numbers of standard streams.  There
	 * may be no /dev/null (chroot), but sockets we need in any case.
	 */
	do {
		fd = SYS_CALL(socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return cause_call(cause, "socket(2)", errno);
	} while (fd < STDERR_FILENO);
	return 0;
}

/* Those that are there now: more may come for ever, and a break must not wait */
static void serve_requests(void)
{
	STAILQ_HEAD(, request) batch = STAILQ_HEAD_INITIALIZER(batch);
	struct request *request;

	ps_lock(&request_lock);
	STAILQ_CONCAT(&batch, &requests);
	while ((request = STAILQ_FIRST(&batch))) {
		STAILQ_REMOVE_HEAD(&batch, link);
		ps_unlock(&request_lock);
		request->result = request->fn(request->arg);
		ps_lock(&request_lock);
		request->done = true;
		pthread_cond_broadcast(&request_done);
	}
	ps_unlock(&request_lock);
}

struct keeper_start {
	struct cause *cause;
	int result;
	bool done;
};

static __thread bool is_self;

bool keeper_is_self(void)
{
	return is_self;
}

void keeper_become_part(void)
{
	is_self = true;
}

/* The wake-up of a request may have been taken while a break was answered. */
static uint64_t pause_of(uint64_t pause_ns)
{
	if (!PS_LOCKED(&request_lock, STAILQ_EMPTY(&requests)))
		return 0;
	return pause_ns < LOOK_INTERVAL_NS ? pause_ns : LOOK_INTERVAL_NS;
}

static void *keeper_main(void *arg)
{
	struct keeper_start *start = arg;
	bool ok;

	is_self = true;
	neutral_become("pinsafe-keeper");
	ps_lock(&request_lock);
	start->result = leave_descriptor_table(start->cause) ?:
			sigio_start(start->cause);
	ok = !start->result;
	start->done = true;
	pthread_cond_broadcast(&request_done);
	ps_unlock(&request_lock);
	if (!ok)
		return NULL;

	log_defer();
	/* If it cannot, nobody can, and it has to look by itself. */
	sigio_wake();
	for (;;) {
		uint64_t pause_ns;

		serve_requests();
		pause_ns = work->look();
		work->wait(pause_of(pause_ns));
	}
	return NULL;
}

static int start_keeper(struct cause *cause) PS_REQUIRES(request_lock)
{
	struct keeper_start start = { .cause = cause };
	sigset_t all, saved;
	pthread_t thread;
	int r;

	/*
	 * Also those that a section leaves to the program's own threads; and handlers
	 * of the program must not run there, nor ours end it.
	 */
	sigfillset(&all);
	if (sys_sigmask(SIG_BLOCK, &all, &saved))
		return cause_call(cause, "rt_sigprocmask(2)", errno);
	r = neutral_start(keeper_main, &start, cause, &thread);
	(void)sys_sigmask(SIG_SETMASK, &saved, NULL);
	if (r)
		return r;
	while (!start.done)
		ps_wait(&request_done, &request_lock);
	if (start.result)
		return start.result;
	work->started();
	log_queue_start();
	atomic_store(&is_running, true);
	return 0;
}

static int see_to_keeper(struct cause *cause) PS_REQUIRES(request_lock)
{
	int r = 0;

	while (is_starting)
		ps_wait(&request_done, &request_lock);
	if (!is_running) {
		is_starting = true;
		r = start_keeper(cause);
		is_starting = false;
		pthread_cond_broadcast(&request_done);
	}
	return r;
}

int keeper_start(struct cause *cause)
{
	return atomic_load(&is_running) ?
		       0 :
		       PS_LOCKED(&request_lock, see_to_keeper(cause));
}

int keeper_call(int (*fn)(void *arg), void *arg)
{
	struct request request = { .fn = fn, .arg = arg };
	int r;

	ps_lock(&request_lock);
	r = see_to_keeper(NULL);
	if (r) {
		ps_unlock(&request_lock);
		log_debug("keeper: cannot start: %s", strerror(r));
		return r;
	}
	STAILQ_INSERT_TAIL(&requests, &request, link);
	/* If the signal queue is full, the next scan finds the request. */
	sigio_wake();
	while (!request.done)
		ps_wait(&request_done, &request_lock);
	ps_unlock(&request_lock);
	log_queue_drain();
	return request.result;
}

int keeper_call_if_full(int (*fn)(void *arg), void *arg)
{
	int r = fn(arg);

	if ((r != EMFILE && r != ENFILE) || keeper_start(NULL))
		return r;
	return keeper_call(fn, arg);
}

void keeper_forget(void) PS_ATTR(no_thread_safety_analysis)
{
	request_done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	STAILQ_INIT(&requests);
	is_starting = false;
	is_running = false;
}
