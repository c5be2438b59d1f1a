// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Stop the device from using the memory. */
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
