// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The provider of the fake device */
#include <stdlib.h>
#include <string.h>

#include "fake.h"

static struct ibv_mr *reg_mr(struct ibv_pd *pd, void *addr, size_t length,
			     uint64_t iova, int access)
{
	struct ibv_mr *mr = calloc(1, sizeof(*mr));

	mr->rkey = FAKE_BY_REG_MR;
	return mr;
}

static struct ibv_mr *reg_mr_ex(struct ibv_pd *pd, void *attr)
{
	struct ibv_mr *mr = calloc(1, sizeof(*mr));

	mr->rkey = FAKE_BY_REG_MR_EX;
	return mr;
}

static struct ibv_mr *import_mr(struct ibv_pd *pd, uint32_t handle)
{
	struct ibv_mr *mr = calloc(1, sizeof(*mr));

	mr->rkey = handle;
	return mr;
}

void *fake_alloc_context(struct ibv_device *device, int cmd_fd,
			 void *private_data)
{
	const struct fake_layout *layout = fake_layout();
	void *context = fake_new_context();
	void **ops = calloc(layout->n_ops, sizeof(*ops));

	ops[layout->alloc_pd] = (void *)fake_alloc_pd;
	ops[layout->reg_mr] = (void *)reg_mr;
	ops[layout->rereg_mr] = (void *)fake_rereg_mr;
	ops[FAKE_IMPORT_MR(layout)] = (void *)import_mr;
	if (fake_reg_mr_ex(layout) && strcmp(layout->name, "64"))
		ops[fake_reg_mr_ex(layout)] = (void *)reg_mr_ex;
	/* In two steps, as some providers do */
	verbs_set_ops(context, ops);
	ops[layout->dereg_mr] = (void *)fake_dereg_mr;
	ops[layout->free_context] = (void *)fake_free_context;
	verbs_set_ops(context, ops);
	free(ops);
	return context;
}
