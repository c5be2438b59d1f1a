// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Events: tell the program what happens to its memory regions.
 *
 * The keeper posts them, and must neither wait nor fail: each memory region has
 * its events allocated beforehand, one of each type.  They are taken by threads
 * of the program from a channel of theirs, or by one thread of ours that calls
 * handlers; how long that takes is nothing to the keeper.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "event.h"
#include "event_queue.h"

static pthread_cond_t has_handlers = PTHREAD_COND_INITIALIZER;

struct pinsafe_event_channel event_handlers = {
	.refs = 1,
	.queue = STAILQ_HEAD_INITIALIZER(event_handlers.queue),
	.fd = -1,
};

bool event_is_ours(const struct pinsafe_event_channel *channel)
{
	return channel->process == event_handlers.process;
}

void event_channel_put(struct pinsafe_event_channel *channel)
{
	if (!--channel->refs)
		free(channel);
}

static void put_source(struct event_source *source) PS_REQUIRES(event_lock)
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

/* @fd: of the channel, in the descriptor table of this thread; -1: none */
static void enqueue(struct event *event, int fd) PS_REQUIRES(event_lock)
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
		enqueue(event, channel->fd);
	}
	put_source(event->source);
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

int event_source_new(struct pinsafe_event_channel *channel,
		     pinsafe_break_handler *handler, void *user_data,
		     struct event_source **ret_source)
{
	struct event_source *source;
	SECTION(section);
	size_t i;

	if (!handler && !event_is_ours(channel))
		return EINVAL;
	source = calloc(1, sizeof(*source));
	if (!source)
		return ENOMEM;
	source->refs = 1;
	source->channel = handler ? &event_handlers : channel;
	source->handler = handler;
	source->user_data = user_data;
	SLIST_INIT(&source->files);
	for (i = 0; i < N_EVENT_TYPES; i++)
		source->events[i].source = source;
	(void)PS_LOCKED(&event_lock, source->channel->refs++);
	*ret_source = source;
	return 0;
}

int event_source_copy(struct event_source *source,
		      struct event_source **ret_source)
{
	return event_source_new(source->channel, source->handler,
				source->user_data, ret_source);
}

struct event_source *event_source_get(struct event_source *source)
{
	if (!source)
		return NULL;
	SECTION(section);
	(void)PS_LOCKED(&event_lock, source->refs++);
	return source;
}

void event_source_put(struct event_source *source)
{
	if (!source)
		return;
	SECTION(section);
	ps_lock(&event_lock);
	put_source(source);
	ps_unlock(&event_lock);
}

void event_source_set_mr(struct event_source *source, struct ibv_mr *mr,
			 void *addr, size_t length)
{
	source->mr = mr;
	source->addr = addr;
	source->length = length;
}

static struct source_file *find_file(const struct event_source *source,
				     dev_t dev, ino_t ino)
{
	struct source_file *file;

	SLIST_FOREACH(file, &source->files, link)
		if (file->dev == dev && file->ino == ino)
			break;
	return file;
}

int event_source_add_file(struct event_source *source, dev_t dev, ino_t ino,
			  const char *path)
{
	struct source_file *file;

	if (find_file(source, dev, ino))
		return 0;
	file = malloc(sizeof(*file) + strlen(path) + 1);
	if (!file)
		return ENOMEM;
	file->dev = dev;
	file->ino = ino;
	strcpy(file->path, path);
	SLIST_INSERT_HEAD(&source->files, file, link);
	return 0;
}

void event_post(struct event_source *source, enum pinsafe_event_type type,
		int error, dev_t dev, ino_t ino, uint64_t deadline_ns)
{
	struct pinsafe_event public = {
		.type = type,
		.error = error,
		.dev = dev,
		.ino = ino,
		.deadline_ns = deadline_ns,
	};
	const struct source_file *file;
	struct event *event;

	if (!source)
		return;
	file = find_file(source, dev, ino);
	public.mr = source->mr;
	public.user_data = source->user_data;
	public.path = file ? file->path : "";
	public.addr = source->addr;
	public.length = source->length;
	event = &source->events[type];
	ps_lock(&event_lock);
	if (event->state == TAKEN) {
		event->next = public;
		event->has_next = true;
	} else {
		event->public = public;
		if (event->state == IDLE && !source->channel->has_ended)
			enqueue(event, source->channel->keeper_fd.fd);
	}
	ps_unlock(&event_lock);
}

void event_forget(void) PS_ATTR(no_thread_safety_analysis)
{
	has_handlers = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	event_handlers.n_taken = 0;
	STAILQ_INIT(&event_handlers.queue);
	event_handlers.process++;
}
