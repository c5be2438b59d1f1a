// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What providers of the fake device have in common */
#include <stdlib.h>

#include "fake.h"

struct ibv_pd *fake_alloc_pd(struct ibv_context *context)
{
	return calloc(1, sizeof(struct ibv_pd));
}

int fake_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr,
		  size_t length, int access)
{
	return IBV_REREG_MR_ERR_CMD;
}

int fake_dereg_mr(struct ibv_mr *mr)
{
	int r = ibv_cmd_dereg_mr(mr);

	if (!r)
		free(mr);
	return r;
}

static bool match_device(void *sysfs_dev)
{
	return true;
}

static const struct driver_ops driver = {
	.name = "fake",
	.match_device = match_device,
	.alloc_context = fake_alloc_context,
};

__attribute__((constructor)) static void start(void)
{
	verbs_register_driver(&driver);
}
