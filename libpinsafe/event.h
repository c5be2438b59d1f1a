/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <sys/types.h>

#include <infiniband/pinsafe.h>

struct event_source;

/*
 * Where the events of one memory region come from; one reference for the
 * caller.  Without a handler they go to @channel.  All memory that posting
 * needs is there afterwards.
 *
 * 0; ENOMEM; EINVAL if the channel is of the parent process.  Handlers are called
 * by event_thread.c.
 */
int event_source_new(struct pinsafe_event_channel *channel,
		     pinsafe_break_handler *handler, void *user_data,
		     struct event_source **ret_source);
/* A source for another registration that goes to the same place */
int event_source_copy(struct event_source *source,
		      struct event_source **ret_source);
struct event_source *event_source_get(struct event_source *source);
void event_source_put(struct event_source *source);	/* NULL is fine */

/*
 * What the memory region is, before it can have events.  Each file under it
 * once; 0 or ENOMEM.
 */
void event_source_set_mr(struct event_source *source, struct ibv_mr *mr,
			 void *addr, size_t length);
int event_source_add_file(struct event_source *source, dev_t dev, ino_t ino,
			  const char *path);

/* For the keeper's thread: does not wait, and cannot fail.  NULL is fine. */
void event_post(struct event_source *source, enum pinsafe_event_type type,
		int error, dev_t dev, ino_t ino, uint64_t deadline_ns);

/* For fork.h */
void event_forget(void);
