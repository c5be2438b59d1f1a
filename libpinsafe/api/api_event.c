// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Public entry points: event channels. */
#include <errno.h>

#include <infiniband/pinsafe.h>

#include "api/event_channel.h"
#include "base/export.h"
#include "base/fork.h"

PINSAFE_EXPORT struct pinsafe_event_channel *pinsafe_create_event_channel(void)
{
	struct pinsafe_event_channel *channel;
	int r;

	/* The keeper may be started here, so it has to know of forks. */
	r = fork_setup();
	if (!r) {
		fork_check();
		r = event_channel_new(&channel);
	}
	if (r) {
		errno = r;
		return NULL;
	}
	return channel;
}

PINSAFE_EXPORT int
pinsafe_destroy_event_channel(struct pinsafe_event_channel *channel)
{
	if (!channel)
		return EINVAL;
	fork_check();
	return event_channel_end(channel);
}

PINSAFE_EXPORT int
pinsafe_event_channel_fd(struct pinsafe_event_channel *channel)
{
	return event_channel_fd(channel);
}

PINSAFE_EXPORT int pinsafe_get_event(struct pinsafe_event_channel *channel,
				     struct pinsafe_event **event)
{
	if (!channel || !event)
		return EINVAL;
	fork_check();
	return event_take(channel, event);
}

PINSAFE_EXPORT void pinsafe_ack_event(struct pinsafe_event *event)
{
	if (!event)
		return;
	fork_check();
	event_ack(event);
}
