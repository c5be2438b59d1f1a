// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Channels from which threads of the program take events. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/event_channel.h"
#include "event_queue.h"
#include "keeper.h"

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
	channel->process = event_this_process();
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

	if (event_is_ours(channel) && channel->n_taken)
		return EBUSY;
	channel->has_ended = true;
	while ((event = event_begin(channel)))
		event_end(event);
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
		if (event_is_ours(channel))
			(void)keeper_call(close_on_keeper, channel);
		close(channel->fd);
		ps_lock(&event_lock);
		event_channel_put(channel);
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

	if (!event_is_ours(channel))
		return EINVAL;
	if (read(channel->fd, &one, sizeof(one)) < 0)
		return errno;
	section_enter(&section);
	ps_lock(&event_lock);
	event = event_begin(channel);
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
	event_end(event);
	ps_unlock(&event_lock);
	section_leave(&section);
}
