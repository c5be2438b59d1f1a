// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A provider whose verbs cost next to nothing, so that what is added shows */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "fake.h"
#include "kernel.h"

/* Not there on the side without pinsafe, which is to pin all the same */
#pragma weak fake_has_leases
#pragma weak fake_pin_file

/* Files with DAX are pinned under a lease only; it does not matter here whose. */
static bool may_be_pinned(const void *addr)
{
	return !fake_has_leases || !BENCH_IS_FILE(addr) || fake_has_leases();
}

static struct ibv_mr *reg_mr(struct ibv_pd *pd, void *addr, size_t length,
			     uint64_t iova, int access)
{
	static uint32_t last_handle;
	struct ibv_mr *mr;

	if (!may_be_pinned(addr)) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	if (fake_pin_file && BENCH_IS_FILE(addr))
		fake_pin_file();
	mr = calloc(1, sizeof(*mr));
	mr->context = pd->context;
	mr->pd = pd;
	mr->addr = addr;
	mr->length = length;
	mr->handle = __atomic_add_fetch(&last_handle, 1, __ATOMIC_RELAXED);
	mr->lkey = mr->rkey = FAKE_KEY(mr->handle);
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
	ops[layout->dereg_mr] = (void *)fake_dereg_mr;
	ops[layout->free_context] = (void *)fake_free_context;
	verbs_set_ops(context, ops);
	free(ops);
	return context;
}
