// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <string.h>

#include "t.h"
#include "verbs.h"

#define PORT 1
#define DEPTH 64

static struct ibv_context *open_device(void)
{
	struct ibv_device **list, *device;
	struct ibv_context *context;
	int i, n;

	list = ibv_get_device_list(&n);
	if (!list || !n)
		t_bail("no RDMA device");
	device = list[0];
	for (i = 0; i < n; i++)
		if (!strcmp(ibv_get_device_name(list[i]), "rxe0"))
			device = list[i];
	context = ibv_open_device(device);
	if (!context)
		t_bail("ibv_open_device %s", ibv_get_device_name(device));
	ibv_free_device_list(list);
	return context;
}

static bool is_ipv4_mapped(const union ibv_gid *gid)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(gid->raw, prefix, sizeof(prefix));
}

/* A link-local GID works as well, once its address is past detection */
static void find_gid(struct verbs *v)
{
	static const union ibv_gid none;
	struct ibv_port_attr attr;
	union ibv_gid gid;
	int i;

	if (ibv_query_port(v->context, PORT, &attr))
		t_bail("ibv_query_port");
	v->gid_index = -1;
	for (i = 0; i < attr.gid_tbl_len; i++) {
		if (ibv_query_gid(v->context, PORT, i, &gid) ||
		    !memcmp(&gid, &none, sizeof(gid)))
			continue;
		if (v->gid_index < 0 || is_ipv4_mapped(&gid)) {
			v->gid = gid;
			v->gid_index = i;
		}
		if (is_ipv4_mapped(&gid))
			break;
	}
	if (v->gid_index < 0)
		t_bail("no GID on port %d", PORT);
}

void verbs_open(struct verbs *v)
{
	v->context = open_device();
	find_gid(v);
	v->pd = ibv_alloc_pd(v->context);
	if (!v->pd)
		t_bail("ibv_alloc_pd");
	v->cq = ibv_create_cq(v->context, 4 * DEPTH, NULL, NULL, 0);
	if (!v->cq)
		t_bail("ibv_create_cq");
}

int verbs_close(struct verbs *v)
{
	int err, ret;

	ret = ibv_destroy_cq(v->cq);
	err = ibv_dealloc_pd(v->pd);
	ret = ret ? ret : err;
	err = ibv_close_device(v->context);
	return ret ? ret : err;
}

struct ibv_qp *verbs_qp_create(struct verbs *v)
{
	struct ibv_qp_init_attr attr = {
		.send_cq = v->cq,
		.recv_cq = v->cq,
		.qp_type = IBV_QPT_RC,
		.cap = {DEPTH, DEPTH, 1, 1, 0},
	};
	struct ibv_qp *qp = ibv_create_qp(v->pd, &attr);

	if (!qp)
		t_bail("ibv_create_qp");
	return qp;
}

static int to_init(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = PORT,
		.qp_access_flags = VERBS_ACCESS,
	};

	return ibv_modify_qp(qp, &attr,
			     IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
				     IBV_QP_ACCESS_FLAGS);
}

static int to_rtr(struct verbs *v, struct ibv_qp *qp, uint32_t dest_qp_num)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = IBV_MTU_1024,
		.dest_qp_num = dest_qp_num,
		.max_dest_rd_atomic = 4,
		.min_rnr_timer = 12,
		.ah_attr =
			{
				.is_global = 1,
				.port_num = PORT,
				.grh =
					{
						.dgid = v->gid,
						.sgid_index = v->gid_index,
						.hop_limit = 1,
					},
			},
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
		.max_rd_atomic = 4,
	};

	return ibv_modify_qp(qp, &attr,
			     IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
				     IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN |
				     IBV_QP_MAX_QP_RD_ATOMIC);
}

int verbs_qp_connect(struct verbs *v, struct ibv_qp *qp, uint32_t dest_qp_num)
{
	int err;

	err = to_init(qp);
	if (!err)
		err = to_rtr(v, qp, dest_qp_num);
	if (!err)
		err = to_rts(qp);
	return err;
}
