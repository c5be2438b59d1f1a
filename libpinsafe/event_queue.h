/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What event*.c share; guarded by event_lock, but for what is constant */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include <infiniband/pinsafe.h>

#include "base/lock.h"
#include "keeper.h"

#define N_EVENT_TYPES (PINSAFE_EVENT_REVOKE_FAILED + 1)

enum event_state { IDLE, QUEUED, TAKEN };

struct event {
	struct pinsafe_event public;	/* first, for pinsafe_ack_event() */
	enum event_state state;
	bool has_next;			/* came while it was TAKEN */
	struct pinsafe_event next;
	struct event_source *source;
	STAILQ_ENTRY(event) link;
};

struct source_file {
	SLIST_ENTRY(source_file) link;
	dev_t dev;
	ino_t ino;
	char path[];
};

struct event_source {
	unsigned int refs;		/* the MR, and events not IDLE */
	struct pinsafe_event_channel *channel;	/* a reference */
	pinsafe_break_handler *handler;	/* of event_handlers, or NULL */
	/* Constant once the MR is registered */
	void *user_data;
	struct ibv_mr *mr;
	void *addr;
	size_t length;
	SLIST_HEAD(, source_file) files;
	struct event events[N_EVENT_TYPES];	/* index: enum pinsafe_event_type */
};

struct pinsafe_event_channel {
	unsigned int refs;		/* the program, and sources */
	bool has_ended;
	unsigned int n_taken;
	STAILQ_HEAD(, event) queue;
	int fd;				/* eventfd(2), counts; -1: none */
	struct keeper_fd keeper_fd;	/* the same for the keeper */
	unsigned int process;		/* of which it is; constant */
};

/*
 * Of events that are for handlers, which one thread of ours calls.  Its process is
 * this one: another number in each child of fork(2).
 */
extern struct pinsafe_event_channel event_handlers;

/*
 * Not in a child of fork(2): its keeper has no descriptor of a channel of its
 * parent, and what it has itself is one object with the parent's.
 */
bool event_is_ours(const struct pinsafe_event_channel *channel);

void event_channel_put(struct pinsafe_event_channel *channel)
	PS_REQUIRES(event_lock);
/* The first of a channel, TAKEN until event_end(), or NULL */
struct event *event_begin(struct pinsafe_event_channel *channel)
	PS_REQUIRES(event_lock);
void event_end(struct event *event) PS_REQUIRES(event_lock);

/* For the thread that calls handlers: until there may be an event for it */
void event_wait_for_handlers(void) PS_REQUIRES(event_lock);
