// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage revoke */
#include "../lib/record.h"
#include "device.h"
#include "fake_revoke.h"

struct fault fake_revoke;

int device_destroy_mr(const struct ibv_mr *mr)
{
	record("revoke %d", (int)mr->lkey);
	return fault_now(&fake_revoke);
}
