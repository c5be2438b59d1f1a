// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <poll.h>

#include "stack_api.h"

struct pinsafe_reg_attr stack_attr(const struct file *file)
{
	size_t size = STACK_PAGES * page_size();

	return (struct pinsafe_reg_attr){
		.addr = stack_addr + (file - stack_files) * size,
		.length = size,
		.access = IBV_ACCESS_LOCAL_WRITE,
	};
}

struct ibv_mr *stack_reg_attr(const struct pinsafe_reg_attr *attr)
{
	struct ibv_mr *mr;

	mr = pinsafe_reg_mr(&stack_device.pd, attr, sizeof(*attr));
	assert_non_null(mr);
	return mr;
}

int stack_reg_refused(const struct pinsafe_reg_attr *attr)
{
	errno = 0;
	assert_null(pinsafe_reg_mr(&stack_device.pd, attr, sizeof(*attr)));
	return errno;
}

struct pinsafe_event_channel *stack_channel(void)
{
	struct pinsafe_event_channel *channel = pinsafe_create_event_channel();

	assert_non_null(channel);
	return channel;
}

void stack_channel_end(struct pinsafe_event_channel *channel)
{
	assert_int_equal(pinsafe_destroy_event_channel(channel), 0);
}

bool stack_has_event(struct pinsafe_event_channel *channel, int ms)
{
	struct pollfd pollfd = {
		.fd = pinsafe_event_channel_fd(channel),
		.events = POLLIN,
	};

	return poll(&pollfd, 1, ms) == 1;
}

struct pinsafe_event *stack_event(struct pinsafe_event_channel *channel,
				  enum pinsafe_event_type type,
				  const struct ibv_mr *mr)
{
	struct pinsafe_event *event;

	assert_true(stack_has_event(channel, DEADLINE_MS));
	assert_int_equal(pinsafe_get_event(channel, &event), 0);
	assert_int_equal(event->type, type);
	assert_ptr_equal(event->mr, mr);
	return event;
}

void stack_event_is(struct pinsafe_event_channel *channel,
		    enum pinsafe_event_type type, const struct ibv_mr *mr)
{
	pinsafe_ack_event(stack_event(channel, type, mr));
}
