// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A queue pair that is connected with itself, see loopback.h. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "loopback.h"

#define PORT 1
#define DEPTH 64

static int open_device(struct loopback *loopback)
{
	struct ibv_device **list = ibv_get_device_list(NULL);

	if (!list)
		return errno;
	if (list[0])
		loopback->context = ibv_open_device(list[0]);
	else
		errno = ENODEV;
	ibv_free_device_list(list);
	return loopback->context ? 0 : errno;
}

static int create(struct loopback *loopback)
{
	struct ibv_qp_init_attr init = { .qp_type = IBV_QPT_RC };

	loopback->pd = ibv_alloc_pd(loopback->context);
	loopback->channel = ibv_create_comp_channel(loopback->context);
	if (!loopback->pd || !loopback->channel)
		return errno;
	loopback->cq = ibv_create_cq(loopback->context, DEPTH, NULL,
				     loopback->channel, 0);
	if (!loopback->cq)
		return errno;
	init.send_cq = loopback->cq;
	init.recv_cq = loopback->cq;
	init.cap.max_send_wr = DEPTH;
	init.cap.max_send_sge = 1;
	init.cap.max_recv_wr = 1;
	init.cap.max_recv_sge = 1;
	loopback->qp = ibv_create_qp(loopback->pd, &init);
	loopback->source = ibv_reg_mr(loopback->pd, loopback->buf,
				      sizeof(loopback->buf), 0);
	return loopback->qp && loopback->source ? 0 : errno;
}

/* RoCE: the address of an IPv4 interface, where there is one */
static int find_gid(struct loopback *loopback, const struct ibv_port_attr *port,
		    union ibv_gid *ret_gid)
{
	static const char v4_mapped[12] = { [10] = -1, [11] = -1 };
	int i;

	for (i = 0; i < port->gid_tbl_len; i++)
		if (!ibv_query_gid(loopback->context, PORT, i, ret_gid) &&
		    !memcmp(ret_gid->raw, v4_mapped, sizeof(v4_mapped)))
			return i;
	return ibv_query_gid(loopback->context, PORT, 0, ret_gid) ? -1 : 0;
}

static int connect_to_self(struct loopback *loopback)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = PORT,
		.qp_access_flags = IBV_ACCESS_REMOTE_WRITE,
	};
	struct ibv_port_attr port;
	union ibv_gid gid;
	int index, r;

	r = ibv_query_port(loopback->context, PORT, &port);
	if (r)
		return r;
	index = find_gid(loopback, &port, &gid);
	if (index < 0)
		return EADDRNOTAVAIL;
	r = ibv_modify_qp(loopback->qp, &attr,
			  IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
				  IBV_QP_ACCESS_FLAGS);
	if (r)
		return r;
	attr = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTR,
		.path_mtu = port.active_mtu,
		.dest_qp_num = loopback->qp->qp_num,
		.min_rnr_timer = 12,
		.ah_attr = {
			.is_global = 1,
			.dlid = port.lid,
			.port_num = PORT,
			.grh = { .dgid = gid, .sgid_index = index,
				 .hop_limit = 1 },
		},
	};
	r = ibv_modify_qp(loopback->qp, &attr,
			  IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
				  IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
				  IBV_QP_MAX_DEST_RD_ATOMIC |
				  IBV_QP_MIN_RNR_TIMER);
	if (r)
		return r;
	attr = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTS,
		.timeout = 14,
		.retry_cnt = 7,
		.rnr_retry = 7,
	};
	return ibv_modify_qp(loopback->qp, &attr,
			     IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
				     IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN |
				     IBV_QP_MAX_QP_RD_ATOMIC);
}

int loopback_open(struct loopback *loopback)
{
	int r;

	memset(loopback, 0, sizeof(*loopback));
	r = open_device(loopback);
	if (!r)
		r = create(loopback);
	if (!r)
		r = connect_to_self(loopback);
	return r ? r : ibv_req_notify_cq(loopback->cq, 0);
}

void loopback_close(struct loopback *loopback)
{
	if (loopback->qp)
		ibv_destroy_qp(loopback->qp);
	if (loopback->source)
		ibv_dereg_mr(loopback->source);
	if (loopback->cq)
		ibv_destroy_cq(loopback->cq);
	if (loopback->channel)
		ibv_destroy_comp_channel(loopback->channel);
	if (loopback->pd)
		ibv_dealloc_pd(loopback->pd);
	if (loopback->context)
		ibv_close_device(loopback->context);
}

int loopback_write(struct loopback *loopback, const struct ibv_mr *mr,
		   size_t offset, size_t length)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)loopback->buf,
		.length = length,
		.lkey = loopback->source->lkey,
	};
	struct ibv_send_wr *bad, wr = {
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = IBV_WR_RDMA_WRITE,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = { (uintptr_t)mr->addr + offset, mr->rkey },
	};

	return ibv_post_send(loopback->qp, &wr, &bad);
}

int loopback_poll(struct loopback *loopback)
{
	struct ibv_wc wc;
	int n = ibv_poll_cq(loopback->cq, 1, &wc);

	if (n < 0)
		return EIO;
	if (!n)
		return EAGAIN;
	if (wc.status != IBV_WC_SUCCESS) {
		fprintf(stderr, "write: %s\n", ibv_wc_status_str(wc.status));
		return EIO;
	}
	return 0;
}
