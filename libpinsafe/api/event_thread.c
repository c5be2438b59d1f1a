// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The thread that runs handlers: one after the other, and without a lock, for
 * they are functions of the program.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/api.h"
#include "base/fork.h"
#include "base/log.h"
#include "base/neutral.h"
#include "event_queue.h"

static bool exists PS_GUARDED_BY(event_lock);
static uint64_t n_calls PS_GUARDED_BY(event_lock);

struct call {
	struct event *event;
	unsigned int process;
};

static bool is_in_child(const struct call *call)
{
	fork_check();
	return call->process != event_handlers.process;
}

static int start(struct cause *cause) PS_REQUIRES(event_lock);

/* A handler has ended its thread, and there are others to call. */
static void go_on_in_another(void *arg)
{
	const struct call *call = arg;

	if (is_in_child(call))
		return;
	SECTION(section);
	ps_lock(&event_lock);
	event_end(call->event);
	exists = false;
	/* If it cannot be made, the next registration tries again. */
	(void)start(NULL);
	ps_unlock(&event_lock);
}

/*
 * If the handler has called fork(2), its child has nothing but a copy of this
 * thread.  That is in no function of the program any more once the handler has
 * returned, so there is nothing left to be done.  Not exit(3): what is to be
 * done at the end of the program is to be done by the parent.
 */
static void run(struct event *event)
{
	struct call call = { event, event_handlers.process };

	pthread_cleanup_push(go_on_in_another, &call);
	event->source->handler(&event->public);
	pthread_cleanup_pop(false);
	if (!is_in_child(&call))
		return;
	log_error("event: a break handler has returned in a child of fork(2) that it made: the child ends");
	_exit(EXIT_FAILURE);
}

static void *run_all(void *arg)
{
	struct event *event;

	pthread_setname_np(pthread_self(), "pinsafe-events");
	ps_lock(&event_lock);
	for (;;) {
		event = event_begin(&event_handlers);
		if (!event) {
			event_wait_for_handlers();
			continue;
		}
		n_calls++;
		ps_unlock(&event_lock);
		run(event);
		ps_lock(&event_lock);
		event_end(event);
	}
	return NULL;
}

static int start(struct cause *cause) PS_REQUIRES(event_lock)
{
	pthread_t thread;
	int r = exists ? 0 : neutral_start(run_all, NULL, cause, &thread);

	exists = !r;
	return r;
}

int event_thread_start(struct cause *cause)
{
	SECTION(section);

	return PS_LOCKED(&event_lock, start(cause));
}

static bool is_all_called(void) PS_REQUIRES(event_lock)
{
	return !event_handlers.n_taken && STAILQ_EMPTY(&event_handlers.queue);
}

struct event_thread event_thread_get(void)
{
	struct event_thread thread;

	ps_lock(&event_lock);
	thread.exists = exists;
	thread.is_idle = !exists || is_all_called();
	thread.n_calls = n_calls;
	ps_unlock(&event_lock);
	return thread;
}

void event_thread_forget(void) PS_ATTR(no_thread_safety_analysis)
{
	exists = false;
}
