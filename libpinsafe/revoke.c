// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Stop the device from using the memory: a step of breaker.c, which decides what
 * to revoke, by way of device.c, which has the kernel destroy the memory region.
 */
#include <errno.h>

#include "device.h"

int revoke_mr(struct ibv_mr *mr)
{
	int r = device_destroy_mr(mr);

	/* What a disassociated device says (rdma_core: verbs_is_destroy_err) */
	if (r == EIO || r == ENODEV)
		return 0;
	return r;
}
