// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Single transfers over queue pairs of their own */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"
#include "verbs.h"

struct poll_arg {
	struct ibv_cq *cq;
	struct ibv_wc *wc;
};

static bool polled(void *arg)
{
	struct poll_arg *poll = arg;

	return ibv_poll_cq(poll->cq, 1, poll->wc) != 0;
}

int verbs_poll(struct verbs *v, int ms, struct ibv_wc *ret_wc)
{
	struct ibv_wc wc;
	struct poll_arg poll = {v->cq, &wc};

	if (!t_wait(polled, &poll, ms))
		return ETIMEDOUT;
	*ret_wc = wc;
	return 0;
}

/*
 * The status of the completion, or -1 when there was none.  The buffer is a copy on
 * the heap: the caller's may be read-only data.
 */
static int transfer_once(struct verbs *v, enum ibv_wr_opcode opcode, void *data,
			 uint32_t len, void *remote, uint32_t rkey)
{
	struct loopback_transfer transfer = {
		.opcode = opcode,
		.local = malloc(len),
		.len = len,
		.remote = (uintptr_t)remote,
		.rkey = rkey,
	};
	enum ibv_wc_status status;
	struct ibv_mr *mr;
	int err;

	if (!transfer.local)
		t_bail("out of memory");
	memcpy(transfer.local, data, len);
	mr = ibv_reg_mr(v->pd, transfer.local, len, IBV_ACCESS_LOCAL_WRITE);
	if (!mr)
		t_bail("registering a buffer");
	transfer.lkey = mr->lkey;
	err = loopback_once(&v->loopback, v->pd, v->cq, &transfer, &status);
	ibv_dereg_mr(mr);
	if (opcode == IBV_WR_RDMA_READ)
		memcpy(data, transfer.local, len);
	free(transfer.local);
	return err ? -1 : (int)status;
}

int verbs_write_once(struct verbs *v, const void *data, uint32_t len,
		     void *remote, uint32_t rkey)
{
	return transfer_once(v, IBV_WR_RDMA_WRITE, (void *)(uintptr_t)data, len,
			     remote, rkey);
}

int verbs_read_once(struct verbs *v, void *data, uint32_t len, void *remote,
		    uint32_t rkey)
{
	return transfer_once(v, IBV_WR_RDMA_READ, data, len, remote, rkey);
}
