// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See kernel-common.h: memory regions, and RDMA through them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel-common.h"

static struct ibv_context *context;
static struct ibv_pd *pd;
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
	if (!pd)
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

/* A queue pair connected to itself */
static struct ibv_qp *open_qp(struct ibv_cq *cq)
{
	struct ibv_qp_init_attr init = {
		.send_cq = cq,
		.recv_cq = cq,
		.qp_type = IBV_QPT_RC,
		.cap = { 1, 1, 1, 1, 0 },
	};
	struct ibv_qp_attr a = {
		.qp_state = IBV_QPS_INIT,
		.port_num = 1,
		.qp_access_flags = K_WRITE,
		.path_mtu = IBV_MTU_1024,
		.max_dest_rd_atomic = 1,
		.max_rd_atomic = 1,
		.min_rnr_timer = 12,
		.timeout = 14,
		.retry_cnt = 7,
		.rnr_retry = 7,
		.ah_attr = { .is_global = 1, .port_num = 1 },
	};
	union ibv_gid *gid = &a.ah_attr.grh.dgid;
	struct ibv_qp *qp = ibv_create_qp(pd, &init);
	int i;

	if (!qp)
		k_bail("ibv_create_qp");
	/* The one of IPv4: lo has no link-local IPv6 address. */
	for (i = 0; i < 16; i++)
		if (!ibv_query_gid(context, 1, i, gid) &&
		    gid->raw[10] == 0xff && gid->raw[11] == 0xff)
			break;
	a.ah_attr.grh.sgid_index = i;
	a.ah_attr.grh.hop_limit = 1;
	a.dest_qp_num = qp->qp_num;
	errno = ibv_modify_qp(qp, &a,
			      IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
				      IBV_QP_ACCESS_FLAGS);
	a.qp_state = IBV_QPS_RTR;
	if (!errno)
		errno = ibv_modify_qp(qp, &a,
				      IBV_QP_STATE | IBV_QP_AV |
					      IBV_QP_PATH_MTU |
					      IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
					      IBV_QP_MAX_DEST_RD_ATOMIC |
					      IBV_QP_MIN_RNR_TIMER);
	a.qp_state = IBV_QPS_RTS;
	if (!errno)
		errno = ibv_modify_qp(qp, &a,
				      IBV_QP_STATE | IBV_QP_TIMEOUT |
					      IBV_QP_RETRY_CNT |
					      IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN |
					      IBV_QP_MAX_QP_RD_ATOMIC);
	if (errno)
		k_bail("ibv_modify_qp");
	return qp;
}

int k_rdma(enum ibv_wr_opcode opcode, struct ibv_mr *mr, void *addr, void *buf,
	   size_t len)
{
	static char local[4096];
	struct ibv_sge sge = { (uintptr_t)local, len, 0 };
	struct ibv_send_wr wr = {
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = opcode,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = { (uintptr_t)addr, mr->rkey },
	}, *bad;
	struct ibv_wc wc = { .status = IBV_WC_GENERAL_ERR };
	double end = k_now() + 10;
	struct ibv_mr *local_mr;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	int n = 0;

	open_device();
	if (opcode == IBV_WR_RDMA_WRITE)
		memcpy(local, buf, len);
	local_mr = ibv_reg_mr(pd, local, sizeof(local), IBV_ACCESS_LOCAL_WRITE);
	cq = ibv_create_cq(context, 4, NULL, NULL, 0);
	if (!local_mr || !cq)
		k_bail("RDMA");
	sge.lkey = local_mr->lkey;
	qp = open_qp(cq);
	if (ibv_post_send(qp, &wr, &bad))
		k_bail("ibv_post_send");
	while (!n && k_now() < end)
		n = ibv_poll_cq(cq, 1, &wc);
	ibv_destroy_qp(qp);
	ibv_destroy_cq(cq);
	ibv_dereg_mr(local_mr);
	if (opcode == IBV_WR_RDMA_READ)
		memcpy(buf, local, len);
	return n == 1 ? (int)wc.status : -1;
}
