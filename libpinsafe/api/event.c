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
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "api/event.h"
#include "api/event_thread.h"
#include "keeper.h"
#include "base/lock.h"
#include "base/sys.h"

#define N_TYPES (PINSAFE_EVENT_REVOKE_FAILED + 1)

enum event_state { IDLE, QUEUED, TAKEN };

struct event {
	struct pinsafe_event public;	/* first, for event_ack() */
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
	pinsafe_break_handler *handler;	/* of handler_channel, or NULL */
	/* Constant once the MR is registered */
	void *user_data;
	struct ibv_mr *mr;
	void *addr;
	size_t length;
	SLIST_HEAD(, source_file) files;
	struct event events[N_TYPES];	/* index: enum pinsafe_event_type */
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

/* Guards all of the above but what is constant */
struct ps_mutex event_lock = PS_MUTEX_INITIALIZER;

static struct pinsafe_event_channel handler_channel = {
	.refs = 1,
	.queue = STAILQ_HEAD_INITIALIZER(handler_channel.queue),
	.fd = -1,
};
/* Another one in each child of fork(2) */
static unsigned int this_process;

/*
 * Not in a child of fork(2): its keeper has no descriptor of a channel of its
 * parent, and what it has itself is one object with the parent's.
 */
static bool is_ours(const struct pinsafe_event_channel *channel)
{
	return channel->process == this_process;
}

static void channel_put(struct pinsafe_event_channel *channel)
	PS_REQUIRES(event_lock)
{
	if (!--channel->refs)
		free(channel);
}

static void source_put(struct event_source *source) PS_REQUIRES(event_lock)
{
	struct source_file *file;

	if (--source->refs)
		return;
	channel_put(source->channel);
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
		event_thread_wake();
	else if (sys_is_writable(fd)) /* Else the program has filled it up. */
		(void)!sys_write(fd, &one, sizeof(one));
}

static void ack(struct event *event) PS_REQUIRES(event_lock)
{
	struct pinsafe_event_channel *channel = event->source->channel;

	event->state = IDLE;
	channel->n_taken--;
	if (event->has_next && !channel->has_ended && is_ours(channel)) {
		event->has_next = false;
		event->public = event->next;
		enqueue(event, channel->fd);
	}
	source_put(event->source);
}

static struct event *take(struct pinsafe_event_channel *channel)
	PS_REQUIRES(event_lock)
{
	struct event *event = STAILQ_FIRST(&channel->queue);

	if (!event)
		return NULL;
	STAILQ_REMOVE_HEAD(&channel->queue, link);
	event->state = TAKEN;
	channel->n_taken++;
	return event;
}

struct event *event_to_call(void)
{
	return take(&handler_channel);
}

void event_call(const struct event *event)
{
	event->source->handler(&event->public);
}

void event_called(struct event *event)
{
	ack(event);
}

bool event_all_called(void)
{
	return !handler_channel.n_taken && STAILQ_EMPTY(&handler_channel.queue);
}

static int source_new(struct pinsafe_event_channel *channel,
		      pinsafe_break_handler *handler, void *user_data,
		      struct event_source **ret_source) PS_REQUIRES(event_lock)
{
	struct event_source *source;
	size_t i;
	int r;

	if (!handler && !is_ours(channel))
		return EINVAL;
	r = handler ? event_thread_start() : 0;
	if (r)
		return r;
	source = calloc(1, sizeof(*source));
	if (!source)
		return ENOMEM;
	source->refs = 1;
	source->channel = handler ? &handler_channel : channel;
	source->channel->refs++;
	source->handler = handler;
	source->user_data = user_data;
	SLIST_INIT(&source->files);
	for (i = 0; i < N_TYPES; i++)
		source->events[i].source = source;
	*ret_source = source;
	return 0;
}

int event_source_new(struct pinsafe_event_channel *channel,
		     pinsafe_break_handler *handler, void *user_data,
		     struct event_source **ret_source)
{
	struct section section;
	int r;

	section_enter(&section);
	ps_lock(&event_lock);
	r = source_new(channel, handler, user_data, ret_source);
	ps_unlock(&event_lock);
	section_leave(&section);
	return r;
}

int event_source_copy(struct event_source *source,
		      struct event_source **ret_source)
{
	return event_source_new(source->channel, source->handler,
				source->user_data, ret_source);
}

struct event_source *event_source_get(struct event_source *source)
{
	struct section section;

	if (!source)
		return NULL;
	section_enter(&section);
	ps_lock(&event_lock);
	source->refs++;
	ps_unlock(&event_lock);
	section_leave(&section);
	return source;
}

void event_source_put(struct event_source *source)
{
	struct section section;

	if (!source)
		return;
	section_enter(&section);
	ps_lock(&event_lock);
	source_put(source);
	ps_unlock(&event_lock);
	section_leave(&section);
}

void event_source_set_mr(struct event_source *source, struct ibv_mr *mr,
			 void *addr, size_t length)
{
	source->mr = mr;
	source->addr = addr;
	source->length = length;
}

int event_source_add_file(struct event_source *source, dev_t dev, ino_t ino,
			  const char *path)
{
	struct source_file *file;

	SLIST_FOREACH(file, &source->files, link)
		if (file->dev == dev && file->ino == ino)
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

static const char *path_of(const struct event_source *source, dev_t dev,
			   ino_t ino)
{
	const struct source_file *file;

	SLIST_FOREACH(file, &source->files, link)
		if (file->dev == dev && file->ino == ino)
			return file->path;
	return "";
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
	struct event *event;

	if (!source)
		return;
	public.mr = source->mr;
	public.user_data = source->user_data;
	public.path = path_of(source, dev, ino);
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

static int adopt_on_keeper(void *arg)
{
	struct pinsafe_event_channel *channel = arg;
	keeper_own(&channel->keeper_fd, keeper_take());
	return 0;
}

static int close_on_keeper(void *arg)
{
	struct pinsafe_event_channel *channel = arg;

	keeper_close(&channel->keeper_fd);
	return 0;
}

int event_channel_new(struct pinsafe_event_channel **ret_channel)
{
	struct pinsafe_event_channel *channel;
	struct section section;
	int r;

	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return ENOMEM;
	channel->refs = 1;
	channel->process = this_process;
	STAILQ_INIT(&channel->queue);
	channel->fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	if (channel->fd < 0) {
		r = errno;
		goto out_free;
	}
	section_enter(&section);
	r = keeper_call_with(channel->fd, adopt_on_keeper, channel, NULL);
	section_leave(&section);
	if (r)
		goto out_close;
	*ret_channel = channel;
	return 0;

out_close:
	close(channel->fd);
out_free:
	free(channel);
	return r;
}

static int end(struct pinsafe_event_channel *channel) PS_REQUIRES(event_lock)
{
	struct event *event;

	if (is_ours(channel) && channel->n_taken)
		return EBUSY;
	channel->has_ended = true;
	while ((event = take(channel)))
		ack(event);
	return 0;
}

int event_channel_end(struct pinsafe_event_channel *channel)
{
	struct section section;
	int r;

	section_enter(&section);
	ps_lock(&event_lock);
	r = end(channel);
	ps_unlock(&event_lock);
	if (!r) {
		if (is_ours(channel))
			(void)keeper_call(close_on_keeper, channel);
		close(channel->fd);
		ps_lock(&event_lock);
		channel_put(channel);
		ps_unlock(&event_lock);
	}
	section_leave(&section);
	return r;
}

int event_channel_fd(const struct pinsafe_event_channel *channel)
{
	return channel->fd;
}

int event_take(struct pinsafe_event_channel *channel,
	       struct pinsafe_event **ret_event)
{
	struct section section;
	struct event *event;
	uint64_t one;

	if (!is_ours(channel))
		return EINVAL;
	if (read(channel->fd, &one, sizeof(one)) < 0)
		return errno;
	section_enter(&section);
	ps_lock(&event_lock);
	event = take(channel);
	ps_unlock(&event_lock);
	section_leave(&section);
	if (!event)
		return EAGAIN;
	*ret_event = &event->public;
	return 0;
}

void event_ack(struct pinsafe_event *public)
{
	struct event *event = (struct event *)public;
	struct section section;

	section_enter(&section);
	ps_lock(&event_lock);
	ack(event);
	ps_unlock(&event_lock);
	section_leave(&section);
}

void event_fork_prepare(void) PS_ATTR(no_thread_safety_analysis)
{
	ps_lock(&event_lock);
}

void event_fork_parent(void) PS_ATTR(no_thread_safety_analysis)
{
	ps_unlock(&event_lock);
}

void event_forget(void) PS_ATTR(no_thread_safety_analysis)
{
	event_lock = (struct ps_mutex)PS_MUTEX_INITIALIZER;
	event_thread_forget();
	handler_channel.n_taken = 0;
	STAILQ_INIT(&handler_channel.queue);
	this_process++;
	handler_channel.process = this_process;
}
