// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The kernel, as it is asked to destroy a memory region */
#include "../lib/record.h"
#include "device.h"
#include "fake_destroy.h"

struct fault fake_destroy;

int device_destroy_mr(const struct ibv_mr *mr)
{
	record("revoke %d", (int)mr->lkey);
	return fault_now(&fake_destroy);
}
