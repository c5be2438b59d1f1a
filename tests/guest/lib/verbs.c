// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <string.h>

#include "t.h"
#include "verbs.h"

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

void verbs_open(struct verbs *v)
{
	v->context = open_device();
	if (loopback_find(v->context, &v->loopback) || v->loopback.gid_index < 0)
		t_bail("no GID");
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
	struct ibv_qp *qp = loopback_qp(v->pd, v->cq, DEPTH);

	if (!qp)
		t_bail("ibv_create_qp");
	return qp;
}

int verbs_qp_connect(struct verbs *v, struct ibv_qp *qp, uint32_t dest_qp_num)
{
	return loopback_connect(&v->loopback, qp, dest_qp_num);
}
