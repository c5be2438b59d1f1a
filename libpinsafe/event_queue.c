// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The queues of events, and who has to know that there is something in one. */
#include <pthread.h>
#include <stdlib.h>

#include "base/sys.h"
#include "event.h"
#include "event_queue.h"

static pthread_cond_t has_handlers = PTHREAD_COND_INITIALIZER;

struct pinsafe_event_channel event_handlers = {
	.refs = 1,
	.queue = STAILQ_HEAD_INITIALIZER(event_handlers.queue),
	.fd = -1,
};
/* Another one in each child of fork(2) */
static unsigned int this_process;

bool event_is_ours(const struct pinsafe_event_channel *channel)
{
	return channel->process == this_process;
}

unsigned int event_this_process(void)
{
	return this_process;
}

void event_channel_put(struct pinsafe_event_channel *channel)
{
	if (!--channel->refs)
		free(channel);
}

void event_source_put_locked(struct event_source *source)
{
	struct source_file *file;

	if (--source->refs)
		return;
	event_channel_put(source->channel);
	while ((file = SLIST_FIRST(&source->files))) {
		SLIST_REMOVE_HEAD(&source->files, link);
		free(file);
	}
	free(source);
}

void event_enqueue(struct event *event, int fd)
{
	struct pinsafe_event_channel *channel = event->source->channel;
	const uint64_t one = 1;

	event->state = QUEUED;
	event->source->refs++;
	STAILQ_INSERT_TAIL(&channel->queue, event, link);
	if (event->source->handler)
		pthread_cond_signal(&has_handlers);
	else if (sys_is_writable(fd)) /* Else the program has filled it up. */
		(void)!sys_write(fd, &one, sizeof(one));
}

void event_end(struct event *event)
{
	struct pinsafe_event_channel *channel = event->source->channel;

	event->state = IDLE;
	channel->n_taken--;
	if (event->has_next && !channel->has_ended && event_is_ours(channel)) {
		event->has_next = false;
		event->public = event->next;
		event_enqueue(event, channel->fd);
	}
	event_source_put_locked(event->source);
}

struct event *event_begin(struct pinsafe_event_channel *channel)
{
	struct event *event = STAILQ_FIRST(&channel->queue);

	if (!event)
		return NULL;
	STAILQ_REMOVE_HEAD(&channel->queue, link);
	event->state = TAKEN;
	channel->n_taken++;
	return event;
}

void event_wait_for_handlers(void)
{
	ps_wait(&has_handlers, &event_lock);
}

void event_forget(void) PS_ATTR(no_thread_safety_analysis)
{
	has_handlers = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	event_handlers.n_taken = 0;
	STAILQ_INIT(&event_handlers.queue);
	this_process++;
	event_handlers.process = this_process;
}
