// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Single transfers over queue pairs of their own */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"
#include "verbs.h"

#define COMPLETION_MS 10000

int verbs_post(struct ibv_qp *qp, const struct verbs_transfer *transfer)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)transfer->local,
		.length = transfer->len,
		.lkey = transfer->lkey,
	};
	struct ibv_send_wr wr = {
		.wr_id = transfer->wr_id,
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = transfer->opcode,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = {transfer->remote, transfer->rkey},
	};
	struct ibv_send_wr *bad;

	return ibv_post_send(qp, &wr, &bad);
}

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

/* The status of the completion, or -1 when there was none */
static int transfer_over_pair(struct verbs *v, struct ibv_qp *requester,
			      struct ibv_qp *responder,
			      const struct verbs_transfer *transfer)
{
	struct ibv_wc wc;

	if (verbs_qp_connect(v, requester, responder->qp_num) ||
	    verbs_qp_connect(v, responder, requester->qp_num) ||
	    verbs_post(requester, transfer) ||
	    verbs_poll(v, COMPLETION_MS, &wc))
		return -1;
	return wc.status;
}

/* The buffer is a copy on the heap: the caller's may be read-only data */
static int transfer_once(struct verbs *v, struct verbs_transfer *transfer,
			 void *data)
{
	struct ibv_qp *requester = verbs_qp_create(v);
	struct ibv_qp *responder = verbs_qp_create(v);
	struct ibv_mr *mr;
	int status;

	transfer->local = malloc(transfer->len);
	if (!transfer->local)
		t_bail("out of memory");
	memcpy(transfer->local, data, transfer->len);
	mr = ibv_reg_mr(v->pd, transfer->local, transfer->len,
			IBV_ACCESS_LOCAL_WRITE);
	if (!mr)
		t_bail("registering a buffer");
	transfer->lkey = mr->lkey;
	status = transfer_over_pair(v, requester, responder, transfer);
	ibv_destroy_qp(requester);
	ibv_destroy_qp(responder);
	ibv_dereg_mr(mr);
	if (transfer->opcode == IBV_WR_RDMA_READ)
		memcpy(data, transfer->local, transfer->len);
	free(transfer->local);
	return status;
}

int verbs_write_once(struct verbs *v, const void *data, uint32_t len,
		     void *remote, uint32_t rkey)
{
	struct verbs_transfer transfer = {
		.opcode = IBV_WR_RDMA_WRITE,
		.len = len,
		.remote = (uintptr_t)remote,
		.rkey = rkey,
	};

	return transfer_once(v, &transfer, (void *)(uintptr_t)data);
}

int verbs_read_once(struct verbs *v, void *data, uint32_t len, void *remote,
		    uint32_t rkey)
{
	struct verbs_transfer transfer = {
		.opcode = IBV_WR_RDMA_READ,
		.len = len,
		.remote = (uintptr_t)remote,
		.rkey = rkey,
	};

	return transfer_once(v, &transfer, data);
}
