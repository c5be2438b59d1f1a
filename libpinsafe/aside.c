// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Work that is done aside of the keeper, since it may have to wait: for a file
 * system that is frozen, for the lock of a file, for blocks to be freed.
 *
 * The threads share the descriptor table of the keeper, which creates them.  One
 * that waits keeps nobody else waiting: there is one for each, up to a number
 * that only a machine reaches whose file systems all stand still.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "aside.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/neutral.h"
#include "keeper.h"

#define MAX_THREADS 32

struct aside {
	int (*fn)(void *arg);
	void *arg;
	void (*forget)(void *arg);
	int result;
	bool is_done, is_left;
	STAILQ_ENTRY(aside) link;
};

static pthread_cond_t has_work = PTHREAD_COND_INITIALIZER;
static pthread_cond_t has_done = PTHREAD_COND_INITIALIZER;
static STAILQ_HEAD(, aside) queue PS_GUARDED_BY(aside_lock) =
	STAILQ_HEAD_INITIALIZER(queue);
/* Those that are not done */
static unsigned int n_asides PS_GUARDED_BY(aside_lock);
static unsigned int n_threads; /* changed under the lock */

static void release(struct aside *aside)
{
	if (aside->forget)
		aside->forget(aside->arg);
	free(aside);
}

/* Whoever is the last to know of it gives it back: who waits may have it by then. */
static void run(struct aside *aside)
{
	bool is_left;

	aside->result = aside->fn(aside->arg);
	ps_lock(&aside_lock);
	aside->is_done = true;
	is_left = aside->is_left;
	n_asides--;
	pthread_cond_broadcast(&has_done);
	ps_unlock(&aside_lock);
	if (is_left)
		release(aside);
}

static void *work_for_ever(void *arg)
{
	struct aside *aside;

	neutral_become("pinsafe-aside");
	keeper_become_part();
	log_defer();
	ps_lock(&aside_lock);
	for (;;) {
		while (!(aside = STAILQ_FIRST(&queue)))
			ps_wait(&has_work, &aside_lock);
		STAILQ_REMOVE_HEAD(&queue, link);
		ps_unlock(&aside_lock);
		run(aside);
		ps_lock(&aside_lock);
	}
	return NULL;
}

/* False: there is no thread at all. */
static bool see_to_threads(void) PS_REQUIRES(aside_lock)
{
	pthread_t thread;

	if (n_asides > n_threads && n_threads < MAX_THREADS &&
	    !neutral_start(work_for_ever, NULL, NULL, &thread))
		__atomic_store_n(&n_threads, n_threads + 1, __ATOMIC_RELAXED);
	return n_threads;
}

static int begin(void *arg)
{
	struct aside *aside = arg;
	bool is_queued;

	ps_lock(&aside_lock);
	n_asides++;
	is_queued = see_to_threads();
	if (is_queued) {
		STAILQ_INSERT_TAIL(&queue, aside, link);
		pthread_cond_signal(&has_work);
	}
	ps_unlock(&aside_lock);
	if (!is_queued)
		run(aside);
	return 0;
}

struct aside *aside_begin(int (*fn)(void *arg), void *arg,
			  void (*forget)(void *arg))
{
	struct aside *aside = calloc(1, sizeof(*aside));

	if (!aside)
		return NULL;
	aside->fn = fn;
	aside->arg = arg;
	aside->forget = forget;
	(void)begin(aside);
	return aside;
}

bool aside_wait(struct aside *aside, uint64_t patience_ns)
{
	uint64_t end_ns = clock_now_ns() + patience_ns;
	struct timespec deadline = clock_timespec(end_ns);
	bool is_done;

	ps_lock(&aside_lock);
	while (!aside->is_done && clock_now_ns() < end_ns)
		ps_timed_wait(&has_done, &aside_lock, &deadline);
	is_done = aside->is_done;
	ps_unlock(&aside_lock);
	return is_done;
}

void aside_put(struct aside *aside)
{
	bool is_done;

	ps_lock(&aside_lock);
	is_done = aside->is_done;
	aside->is_left = true;
	ps_unlock(&aside_lock);
	if (is_done)
		release(aside);
}

int aside_call(int (*fn)(void *arg), void *arg)
{
	struct aside aside = { .fn = fn, .arg = arg };
	int r = keeper_call(begin, &aside);

	if (r)
		return r;
	while (!aside_wait(&aside, NSEC_PER_SEC))
		;
	return aside.result;
}

unsigned int aside_n_threads(void)
{
	return __atomic_load_n(&n_threads, __ATOMIC_RELAXED);
}

void aside_forget(void) PS_ATTR(no_thread_safety_analysis)
{
	has_work = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	has_done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	STAILQ_INIT(&queue);
	n_asides = n_threads = 0;
}
