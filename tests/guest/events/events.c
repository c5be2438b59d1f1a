// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "events.h"
#include "t.h"

#define EVENT_MS 20000

void events_open(struct verbs *verbs)
{
	int err;

	verbs_open(verbs);
	err = pinsafe_attach(verbs->context);
	if (err)
		t_bail("pinsafe_attach: %s", t_errname(err));
}

void events_register(struct region *region, struct verbs *verbs,
		     struct pinsafe_event_channel *channel, unsigned grace_ms)
{
	struct pinsafe_reg_attr attr = {
		.comp_mask = PINSAFE_REG_GRACE,
		.addr = region->addr,
		.length = region->len,
		.access = VERBS_ACCESS,
		.grace_ms = grace_ms,
		.user_data = region,
		.channel = channel,
	};

	region->mr = pinsafe_reg_mr(verbs->pd, &attr, sizeof(attr));
	if (!region->mr)
		t_bail("pinsafe_reg_mr: %s", t_errname(errno));
}

uint64_t events_expect(struct pinsafe_event_channel *channel,
		       enum pinsafe_event_type type,
		       const struct region *region, const char *what)
{
	struct pollfd pollfd = {
		.fd = pinsafe_event_channel_fd(channel),
		.events = POLLIN,
	};
	struct pinsafe_event *event;
	uint64_t deadline_ns;

	if (poll(&pollfd, 1, EVENT_MS) != 1 ||
	    pinsafe_get_event(channel, &event))
		t_bail("%s: no event within %d ms", what, EVENT_MS);
	t_ok(event->type == type && !event->error, "%s: event %u, error %s",
	     what, event->type, t_errname(event->error));
	t_ok(event->mr == region->mr && event->user_data == region &&
		     event->addr == region->addr &&
		     !strcmp(event->path, region->path),
	     "%s: it says of what", what);
	deadline_ns = event->deadline_ns;
	pinsafe_ack_event(event);
	return deadline_ns;
}

void events_check_key_dead(struct verbs *verbs, void *addr, uint32_t rkey,
			   const char *what)
{
	uint64_t value = 0xdeadbeef;
	int status = verbs_write_once(verbs, &value, sizeof(value), addr, rkey);

	t_ok(status > IBV_WC_SUCCESS, "%s: RDMA WRITE fails: %s", what,
	     ibv_wc_status_str(status));
}
