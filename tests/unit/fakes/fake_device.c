// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage device: the keeper has what it is asked to have. */
#include "../lib/record.h"
#include "fake_device.h"
#include "hook/real_verbs.h"

struct fake_device fake_device;

bool fake_device_is_adopted(struct ibv_context *context)
{
	struct real_device device;

	return !real_verbs_get_device(context, &device);
}

int device_adopt(struct ibv_context *context, struct cause *cause)
{
	const struct real_device device = { .fd = context->cmd_fd };
	int r;

	if (fake_device_is_adopted(context))
		return 0;
	record("adopt %d", context->cmd_fd);
	r = fault_now(&fake_device.adopt);
	if (!r)
		real_verbs_set_device(context, &device);
	return r;
}

int device_prove(struct ibv_mr *mr, struct cause *cause)
{
	return fault_now(&fake_device.prove);
}

void device_drop(const struct ibv_context *context)
{
	record("drop %d", context->cmd_fd);
}
