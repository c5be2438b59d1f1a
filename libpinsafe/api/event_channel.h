/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_EVENT_CHANNEL_H
#define PINSAFE_EVENT_CHANNEL_H

#include <infiniband/pinsafe.h>

/* See the functions of pinsafe.h; 0 or an errno value */
int event_channel_new(struct pinsafe_event_channel **ret_channel);
int event_channel_end(struct pinsafe_event_channel *channel);
int event_channel_fd(const struct pinsafe_event_channel *channel);
int event_take(struct pinsafe_event_channel *channel,
	       struct pinsafe_event **ret_event);
void event_ack(struct pinsafe_event *event);

#endif /* PINSAFE_EVENT_CHANNEL_H */
