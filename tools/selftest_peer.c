// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* RDMA WRITEs from a device to itself. */
#include <errno.h>
#include <infiniband/pinsafe.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "selftest_peer.h"

#define PORT 1
#define COMPLETION_S 10

static struct ibv_context *open_device(const char *name)
{
	struct ibv_context *context = NULL;
	struct ibv_device **list;
	int i;

	list = ibv_get_device_list(NULL);
	/* No list, no device: not worth an errno of its own */
	errno = ENODEV;
	for (i = 0; list && list[i] && !context; i++)
		if (!name || !strcmp(ibv_get_device_name(list[i]), name))
			context = ibv_open_device(list[i]);
	if (list)
		ibv_free_device_list(list);
	return context;
}

static bool is_ipv4_mapped(const union ibv_gid *gid)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(gid->raw, prefix, sizeof(prefix));
}

/* A link-local one works as well, once its address is past detection. */
static int find_gid(struct peer *peer)
{
	static const union ibv_gid none;
	union ibv_gid gid;
	int i, r;

	r = ibv_query_port(peer->context, PORT, &peer->port);
	if (r)
		return r;
	for (i = 0; i < peer->port.gid_tbl_len; i++) {
		if (ibv_query_gid(peer->context, PORT, i, &gid) ||
		    !memcmp(&gid, &none, sizeof(gid)) ||
		    (peer->has_gid && !is_ipv4_mapped(&gid)))
			continue;
		peer->has_gid = true;
		peer->gid = gid;
		peer->gid_index = i;
		if (is_ipv4_mapped(&gid))
			break;
	}
	return 0;
}

int peer_open(const char *name, struct peer *ret_peer)
{
	struct peer peer = {0};
	int r;

	peer.context = open_device(name);
	if (!peer.context)
		return errno;
	r = pinsafe_attach(peer.context);
	if (r)
		goto fail;
	r = find_gid(&peer);
	if (r)
		goto fail;
	r = ENOMEM;
	peer.buffer = calloc(1, sizeof(*peer.buffer));
	if (!peer.buffer)
		goto fail;
	peer.pd = ibv_alloc_pd(peer.context);
	if (!peer.pd)
		goto fail;
	peer.cq = ibv_create_cq(peer.context, 16, NULL, NULL, 0);
	if (!peer.cq)
		goto fail;
	peer.buffer_mr = ibv_reg_mr(peer.pd, peer.buffer, sizeof(*peer.buffer),
				    IBV_ACCESS_LOCAL_WRITE);
	if (!peer.buffer_mr)
		goto fail;
	*ret_peer = peer;
	return 0;
fail:
	peer_close(&peer);
	return r;
}

void peer_close(struct peer *peer)
{
	if (peer->buffer_mr)
		ibv_dereg_mr(peer->buffer_mr);
	if (peer->cq)
		ibv_destroy_cq(peer->cq);
	if (peer->pd)
		ibv_dealloc_pd(peer->pd);
	ibv_close_device(peer->context);
	free(peer->buffer);
}

static struct ibv_qp *create(struct peer *peer)
{
	struct ibv_qp_init_attr attr = {
		.send_cq = peer->cq,
		.recv_cq = peer->cq,
		.qp_type = IBV_QPT_RC,
		.cap = {1, 1, 1, 1, 0},
	};

	return ibv_create_qp(peer->pd, &attr);
}

static int to_rtr(struct peer *peer, struct ibv_qp *qp, uint32_t dest)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = IBV_MTU_1024,
		.dest_qp_num = dest,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = {.is_global = peer->has_gid,
			    .dlid = peer->port.lid,
			    .port_num = PORT,
			    .grh = {.dgid = peer->gid,
				    .sgid_index = peer->gid_index,
				    .hop_limit = 1}},
	};

	return ibv_modify_qp(qp, &attr,
			     IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
				     IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
				     IBV_QP_MAX_DEST_RD_ATOMIC |
				     IBV_QP_MIN_RNR_TIMER);
}

static int connect_to(struct peer *peer, struct ibv_qp *qp, uint32_t dest)
{
	struct ibv_qp_attr init = {
		.qp_state = IBV_QPS_INIT,
		.port_num = PORT,
		.qp_access_flags = IBV_ACCESS_REMOTE_WRITE |
				   IBV_ACCESS_REMOTE_READ,
	};
	struct ibv_qp_attr rts = {
		.qp_state = IBV_QPS_RTS,
		.timeout = 17, /* 0.5 s */
		.retry_cnt = 7,
		.rnr_retry = 7,
		.max_rd_atomic = 1,
	};
	int r;

	r = ibv_modify_qp(qp, &init,
			  IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
				  IBV_QP_ACCESS_FLAGS);
	if (!r)
		r = to_rtr(peer, qp, dest);
	if (!r)
		r = ibv_modify_qp(qp, &rts,
				  IBV_QP_STATE | IBV_QP_TIMEOUT |
					  IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
					  IBV_QP_SQ_PSN |
					  IBV_QP_MAX_QP_RD_ATOMIC);
	return r;
}

static int wait_for(struct peer *peer, enum ibv_wc_status *ret_status)
{
	struct timespec now, end;
	struct ibv_wc wc;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += COMPLETION_S;
	do {
		n = ibv_poll_cq(peer->cq, 1, &wc);
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

/* Between the buffer and @remote */
static int transfer(struct peer *peer, enum ibv_wr_opcode opcode, void *remote,
		    uint32_t rkey, enum ibv_wc_status *ret_status)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)peer->buffer,
		.length = sizeof(*peer->buffer),
		.lkey = peer->buffer_mr->lkey,
	};
	struct ibv_send_wr wr = {
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = opcode,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = {(uintptr_t)remote, rkey},
	};
	struct ibv_qp *from, *target;
	struct ibv_send_wr *bad;
	int r = ENOMEM;

	from = create(peer);
	target = create(peer);
	if (!from || !target)
		goto destroy;
	r = connect_to(peer, from, target->qp_num);
	if (!r)
		r = connect_to(peer, target, from->qp_num);
	if (r)
		goto destroy;
	r = ibv_post_send(from, &wr, &bad);
	if (!r)
		r = wait_for(peer, ret_status);
destroy:
	if (from)
		ibv_destroy_qp(from);
	if (target)
		ibv_destroy_qp(target);
	return r;
}

int peer_write(struct peer *peer, void *to, uint32_t rkey, uint64_t value,
	       enum ibv_wc_status *ret_status)
{
	*peer->buffer = value;
	return transfer(peer, IBV_WR_RDMA_WRITE, to, rkey, ret_status);
}

int peer_read(struct peer *peer, void *from, uint32_t rkey,
	      uint64_t *ret_value, enum ibv_wc_status *ret_status)
{
	int r;

	*peer->buffer = 0;
	r = transfer(peer, IBV_WR_RDMA_READ, from, rkey, ret_status);
	*ret_value = *peer->buffer;
	return r;
}
