// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "loopback.h"

#define PORT 1
#define COMPLETION_S 10
/* RDMA READs at a time, which any device has */
#define READS 4

static bool is_ipv4_mapped(const union ibv_gid *gid)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(gid->raw, prefix, sizeof(prefix));
}

/* A link-local one works as well, once its address is past detection. */
int loopback_find(struct ibv_context *context, struct loopback *ret_loopback)
{
	static const union ibv_gid none;
	struct loopback found = {.gid_index = -1};
	struct ibv_port_attr port;
	union ibv_gid gid;
	int i, r;

	r = ibv_query_port(context, PORT, &port);
	if (r)
		return r;
	found.lid = port.lid;
	for (i = 0; i < port.gid_tbl_len; i++) {
		if (ibv_query_gid(context, PORT, i, &gid) ||
		    !memcmp(&gid, &none, sizeof(gid)) ||
		    (found.gid_index >= 0 && !is_ipv4_mapped(&gid)))
			continue;
		found.gid = gid;
		found.gid_index = i;
		if (is_ipv4_mapped(&gid))
			break;
	}
	*ret_loopback = found;
	return 0;
}

struct ibv_qp *loopback_qp(struct ibv_pd *pd, struct ibv_cq *cq,
			   unsigned int depth)
{
	struct ibv_qp_init_attr attr = {
		.send_cq = cq,
		.recv_cq = cq,
		.qp_type = IBV_QPT_RC,
		.cap = {depth, depth, 1, 1, 0},
	};

	return ibv_create_qp(pd, &attr);
}

static int to_init(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = PORT,
		.qp_access_flags = IBV_ACCESS_REMOTE_WRITE |
				   IBV_ACCESS_REMOTE_READ,
	};

	return ibv_modify_qp(qp, &attr,
			     IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
				     IBV_QP_ACCESS_FLAGS);
}

static int to_rtr(const struct loopback *loopback, struct ibv_qp *qp,
		  uint32_t dest_qp_num)
{
	bool has_gid = loopback->gid_index >= 0;
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = IBV_MTU_1024,
		.dest_qp_num = dest_qp_num,
		.max_dest_rd_atomic = READS,
		.min_rnr_timer = 12,
		.ah_attr = {.is_global = has_gid,
			    .dlid = loopback->lid,
			    .port_num = PORT,
			    .grh = {.dgid = loopback->gid,
				    .sgid_index = has_gid ? loopback->gid_index
							  : 0,
				    .hop_limit = 1}},
	};

	return ibv_modify_qp(qp, &attr,
			     IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
				     IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
				     IBV_QP_MAX_DEST_RD_ATOMIC |
				     IBV_QP_MIN_RNR_TIMER);
}

static int to_rts(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTS,
		.timeout = 17, /* 0.5 s: an emulated guest is slow */
		.retry_cnt = 7,
		.rnr_retry = 7,
		.max_rd_atomic = READS,
	};

	return ibv_modify_qp(qp, &attr,
			     IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
				     IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN |
				     IBV_QP_MAX_QP_RD_ATOMIC);
}

int loopback_connect(const struct loopback *loopback, struct ibv_qp *qp,
		     uint32_t dest_qp_num)
{
	int r;

	r = to_init(qp);
	if (!r)
		r = to_rtr(loopback, qp, dest_qp_num);
	if (!r)
		r = to_rts(qp);
	return r;
}

int loopback_post(struct ibv_qp *qp, const struct loopback_transfer *transfer)
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

static int wait_for(struct ibv_cq *cq, enum ibv_wc_status *ret_status)
{
	struct timespec now, end;
	struct ibv_wc wc;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += COMPLETION_S;
	do {
		n = ibv_poll_cq(cq, 1, &wc);
		if (n < 0)
			return EIO;
		if (n) {
			*ret_status = wc.status;
			return 0;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec);
	return ETIMEDOUT;
}

int loopback_once(const struct loopback *loopback, struct ibv_pd *pd,
		  struct ibv_cq *cq, const struct loopback_transfer *transfer,
		  enum ibv_wc_status *ret_status)
{
	struct ibv_qp *from, *target;
	int r = ENOMEM;

	from = loopback_qp(pd, cq, 1);
	target = loopback_qp(pd, cq, 1);
	if (!from || !target)
		goto destroy;
	r = loopback_connect(loopback, from, target->qp_num);
	if (!r)
		r = loopback_connect(loopback, target, from->qp_num);
	if (!r)
		r = loopback_post(from, transfer);
	if (!r)
		r = wait_for(cq, ret_status);
destroy:
	if (from)
		ibv_destroy_qp(from);
	if (target)
		ibv_destroy_qp(target);
	return r;
}
