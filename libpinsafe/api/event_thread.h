/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_EVENT_THREAD_H
#define PINSAFE_EVENT_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"

/* event.c: guards events and their channels, and what is here */
extern struct ps_mutex event_lock;

/* Start the thread that runs handlers, if there is none; in a section. */
int event_thread_start(void) PS_REQUIRES(event_lock);
/* There is an event for it. */
void event_thread_wake(void) PS_REQUIRES(event_lock);
/* In a child of fork(2) there is none. */
void event_thread_forget(void);

struct event_thread {
	bool exists;
	bool is_idle;		/* in no handler, and there is nothing to do */
	uint64_t n_calls;	/* of handlers so far */
};
struct event_thread event_thread_get(void);

/* event.c: the events that are for handlers */
struct event;

/* Take the next one, or NULL; to be given to event_called() */
struct event *event_to_call(void) PS_REQUIRES(event_lock);
/* Call its handler. */
void event_call(const struct event *event);
void event_called(struct event *event) PS_REQUIRES(event_lock);
/* None waits, and none is taken. */
bool event_all_called(void) PS_REQUIRES(event_lock);

#endif /* PINSAFE_EVENT_THREAD_H */
