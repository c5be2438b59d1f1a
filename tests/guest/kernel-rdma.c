// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See kernel-common.h: memory regions, and RDMA through them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel-common.h"
#include "loopback.h"

static struct ibv_context *context;
static struct ibv_pd *pd;
static struct loopback loopback;
static pid_t opened_by;

static void open_device(void)
{
	struct ibv_device **list;

	if (opened_by == getpid())
		return;
	list = ibv_get_device_list(NULL);
	if (!list || !list[0])
		k_bail("no RDMA device");
	context = ibv_open_device(list[0]);
	pd = context ? ibv_alloc_pd(context) : NULL;
	if (!pd || loopback_find(context, &loopback))
		k_bail("ibv_open_device");
	ibv_free_device_list(list);
	opened_by = getpid();
}

struct ibv_mr *k_reg(void *addr, size_t len, int access, int *err)
{
	struct ibv_mr *mr;

	open_device();
	mr = ibv_reg_mr(pd, addr, len, access);
	*err = mr ? 0 : errno;
	return mr;
}

void k_dereg(struct ibv_mr **mr)
{
	if (*mr && ibv_dereg_mr(*mr))
		k_bail("ibv_dereg_mr");
	*mr = NULL;
}

int k_rdma(enum ibv_wr_opcode opcode, struct ibv_mr *mr, void *addr, void *buf,
	   size_t len)
{
	static char local[4096];
	struct loopback_transfer transfer = {
		.opcode = opcode,
		.local = local,
		.len = len,
		.remote = (uintptr_t)addr,
		.rkey = mr->rkey,
	};
	enum ibv_wc_status status;
	struct ibv_mr *local_mr;
	struct ibv_cq *cq;
	int err;

	open_device();
	if (opcode == IBV_WR_RDMA_WRITE)
		memcpy(local, buf, len);
	local_mr = ibv_reg_mr(pd, local, sizeof(local), IBV_ACCESS_LOCAL_WRITE);
	cq = ibv_create_cq(context, 4, NULL, NULL, 0);
	if (!local_mr || !cq)
		k_bail("RDMA");
	transfer.lkey = local_mr->lkey;
	err = loopback_once(&loopback, pd, cq, &transfer, &status);
	if (err && err != ETIMEDOUT)
		k_bail("RDMA");
	ibv_destroy_cq(cq);
	ibv_dereg_mr(local_mr);
	if (opcode == IBV_WR_RDMA_READ)
		memcpy(buf, local, len);
	return err ? -1 : (int)status;
}
