/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_EVENT_THREAD_H
#define PINSAFE_EVENT_THREAD_H

#include <stdbool.h>
#include <stdint.h>

/* Start the thread that runs handlers, if there is none; 0 or an errno value */
int event_thread_start(void);
/* In a child of fork(2) there is none. */
void event_thread_forget(void);

struct event_thread {
	bool exists;
	bool is_idle;		/* in no handler, and there is nothing to do */
	uint64_t n_calls;	/* of handlers so far */
};
struct event_thread event_thread_get(void);

#endif /* PINSAFE_EVENT_THREAD_H */
