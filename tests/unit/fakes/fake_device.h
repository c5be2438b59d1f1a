/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include "../lib/fault.h"
#include "device.h"

struct fake_device {
	struct fault adopt, prove;
};

extern struct fake_device fake_device;

/* Has the keeper the device? */
bool fake_device_is_adopted(struct ibv_context *context);
