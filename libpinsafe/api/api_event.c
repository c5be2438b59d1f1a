// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Public entry points: channels from which threads of the program take events. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/export.h"
#include "base/fork.h"
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

static int hand_to_keeper(struct pinsafe_event_channel *channel)
{
	SECTION(section);

	return keeper_call_with(channel->fd, adopt_on_keeper, channel, NULL);
}

PINSAFE_EXPORT struct pinsafe_event_channel *pinsafe_create_event_channel(void)
{
	struct pinsafe_event_channel *channel;
	int r;

	/* The keeper may be started here, so it has to know of forks. */
	r = fork_setup();
	if (r)
		goto out;
	fork_check();
	r = ENOMEM;
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		goto out;
	channel->refs = 1;
	channel->process = event_handlers.process;
	STAILQ_INIT(&channel->queue);
	channel->fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	r = channel->fd < 0 ? errno : hand_to_keeper(channel);
	if (!r)
		return channel;
	if (channel->fd >= 0)
		close(channel->fd);
	free(channel);
out:
	errno = r;
	return NULL;
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

PINSAFE_EXPORT int
pinsafe_destroy_event_channel(struct pinsafe_event_channel *channel)
{
	int r;

	if (!channel)
		return EINVAL;
	fork_check();
	SECTION(section);
	r = PS_LOCKED(&event_lock, end(channel));
	if (r)
		return r;
	if (event_is_ours(channel))
		(void)keeper_call(close_on_keeper, channel);
	close(channel->fd);
	ps_lock(&event_lock);
	event_channel_put(channel);
	ps_unlock(&event_lock);
	return 0;
}

PINSAFE_EXPORT int
pinsafe_event_channel_fd(struct pinsafe_event_channel *channel)
{
	return channel->fd;
}

PINSAFE_EXPORT int pinsafe_get_event(struct pinsafe_event_channel *channel,
				     struct pinsafe_event **ret_event)
{
	struct event *event;
	uint64_t one;

	if (!channel || !ret_event)
		return EINVAL;
	fork_check();
	if (!event_is_ours(channel))
		return EINVAL;
	if (read(channel->fd, &one, sizeof(one)) < 0)
		return errno;
	SECTION(section);
	event = PS_LOCKED(&event_lock, event_begin(channel));
	if (!event)
		return EAGAIN;
	*ret_event = &event->public;
	return 0;
}

PINSAFE_EXPORT void pinsafe_ack_event(struct pinsafe_event *event)
{
	if (!event)
		return;
	fork_check();
	SECTION(section);
	ps_lock(&event_lock);
	event_end((struct event *)event);
	ps_unlock(&event_lock);
}
