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
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "breaker.h"
#include "clock.h"
#include "keeper.h"
#include "last_thread.h"
#include "lease.h"
#include "lock.h"
#include "log.h"
#include "own_operation.h"
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

static struct ps_mutex request_lock = PS_MUTEX_INITIALIZER;
static pthread_cond_t request_done = PTHREAD_COND_INITIALIZER;
static STAILQ_HEAD(, request) requests PS_GUARDED_BY(request_lock) =
	STAILQ_HEAD_INITIALIZER(requests);
/* One thread at a time starts the keeper; it waits without the lock. */
static bool is_starting PS_GUARDED_BY(request_lock);
static bool is_running PS_GUARDED_BY(request_lock);
static pthread_t keeper_thread PS_GUARDED_BY(request_lock);

/* Of the keeper's thread: descriptors it opened itself, that may be moved */
static LIST_HEAD(, keeper_fd) own_fds;
static struct keeper_fd pidfd;

void keeper_own(struct keeper_fd *kfd, int fd)
{
	kfd->fd = fd;
	LIST_INSERT_HEAD(&own_fds, kfd, link);
}

void keeper_close(struct keeper_fd *kfd)
{
	LIST_REMOVE(kfd, link);
	close(kfd->fd);
	kfd->fd = -1;
}

/* A lease belongs to the open file description, so it survives the move. */
static int make_room(int fd)
{
	struct keeper_fd *kfd;
	int new_fd;

	LIST_FOREACH(kfd, &own_fds, link) {
		if (kfd->fd != fd)
			continue;
		new_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (new_fd < 0)
			return errno;
		close(fd);
		kfd->fd = new_fd;
		break;
	}
	return 0;
}

int keeper_borrow(int fd)
{
	return pidfd_getfd(pidfd.fd, fd, 0);
}

static int borrow_stderr(void)
{
	return keeper_borrow(STDERR_FILENO);
}

int keeper_adopt(int fd)
{
	int copy, r;

	r = make_room(fd);
	if (r)
		return r;
	copy = keeper_borrow(fd);
	if (copy < 0)
		return errno;
	if (copy == fd)
		return 0;
	r = dup3(copy, fd, O_CLOEXEC) < 0 ? errno : 0;
	close(copy);
	/* What dup3(2) says of a number that RLIMIT_NOFILE does not allow */
	return r == EBADF ? EMFILE : r;
}

void keeper_drop(int fd)
{
	close(fd);
}

static int leave_descriptor_table(void)
{
	int fd;

	if (syscall(SYS_close_range, 0u, ~0u, CLOSE_RANGE_UNSHARE))
		return errno;
	/* Nothing of ours may end up under the numbers of standard streams. */
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return errno;
	} while (fd < STDERR_FILENO);

	fd = pidfd_open(getpid(), 0);
	if (fd < 0)
		return errno;
	keeper_own(&pidfd, fd);
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

/* A program that polls, pinned to a CPU, must not keep a break waiting. */
static void leave_cpu_of_creator(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	(void)sched_setaffinity(0, sizeof(all), &all);
}

struct keeper_start {
	int result;
	bool done;
};

static __thread bool is_self;

bool keeper_is_self(void)
{
	return is_self;
}

/* The wake-up of a request may have been taken while a break was answered. */
static uint64_t pause_of(uint64_t pause_ns)
{
	bool is_wanted;

	ps_lock(&request_lock);
	is_wanted = !STAILQ_EMPTY(&requests);
	ps_unlock(&request_lock);
	if (is_wanted)
		return 0;
	return pause_ns < LOOK_INTERVAL_NS ? pause_ns : LOOK_INTERVAL_NS;
}

static void *keeper_main(void *arg)
{
	struct keeper_start *start = arg;
	bool ok;

	is_self = true;
	pthread_setname_np(pthread_self(), "pinsafe-keeper");
	leave_cpu_of_creator();
	ps_lock(&request_lock);
	start->result = leave_descriptor_table();
	ok = !start->result;
	start->done = true;
	pthread_cond_broadcast(&request_done);
	ps_unlock(&request_lock);
	if (!ok)
		return NULL;

	log_borrow_stderr(borrow_stderr);
	for (;;) {
		uint64_t pause_ns;

		serve_requests();
		pause_ns = breaker_run();
		last_thread_look();
		own_look();
		lease_wait(pause_of(pause_ns));
	}
	return NULL;
}

static int start_keeper(void) PS_REQUIRES(request_lock)
{
	struct keeper_start start = { 0 };
	pthread_attr_t attr;
	sigset_t all, saved;
	int r;

	r = pthread_attr_init(&attr);
	if (r)
		return r;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* SCHED_OTHER, whatever the program's thread has */
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	/* Also those that a section leaves to the program's own threads */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &saved);
	r = pthread_create(&keeper_thread, &attr, keeper_main, &start);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	pthread_attr_destroy(&attr);
	if (r)
		return r;
	while (!start.done)
		ps_wait(&request_done, &request_lock);
	is_running = !start.result;
	if (is_running)
		last_thread_start();
	return start.result;
}

int keeper_call(int (*fn)(void *arg), void *arg)
{
	struct request request = { .fn = fn, .arg = arg };
	int r = 0;

	ps_lock(&request_lock);
	while (is_starting)
		ps_wait(&request_done, &request_lock);
	if (!is_running) {
		is_starting = true;
		r = start_keeper();
		is_starting = false;
		pthread_cond_broadcast(&request_done);
	}
	if (r) {
		ps_unlock(&request_lock);
		log_debug("keeper: cannot start: %s", strerror(r));
		return r;
	}
	STAILQ_INSERT_TAIL(&requests, &request, link);
	/* If the signal queue is full, the next scan finds the request. */
	(void)sigio_wake(keeper_thread);
	while (!request.done)
		ps_wait(&request_done, &request_lock);
	ps_unlock(&request_lock);
	return request.result;
}

void keeper_fork_prepare(void) PS_ATTR(no_thread_safety_analysis)
{
	ps_lock(&request_lock);
}

void keeper_fork_parent(void) PS_ATTR(no_thread_safety_analysis)
{
	ps_unlock(&request_lock);
}

void keeper_forget(void) PS_ATTR(no_thread_safety_analysis)
{
	request_lock = (struct ps_mutex)PS_MUTEX_INITIALIZER;
	request_done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	STAILQ_INIT(&requests);
	is_starting = false;
	is_running = false;
	LIST_INIT(&own_fds);
	last_thread_forget();
}
