// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A device, and the buffer from which it writes to itself */
#include <errno.h>
#include <infiniband/pinsafe.h>
#include <stdlib.h>
#include <string.h>

#include "selftest.h"

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
	r = loopback_find(peer.context, &peer.loopback);
	if (r)
		goto fail;
	peer.buffer = calloc(1, sizeof(*peer.buffer));
	peer.pd = ibv_alloc_pd(peer.context);
	peer.cq = ibv_create_cq(peer.context, 16, NULL, NULL, 0);
	if (peer.buffer && peer.pd && peer.cq)
		peer.buffer_mr = ibv_reg_mr(peer.pd, peer.buffer,
					    sizeof(*peer.buffer),
					    IBV_ACCESS_LOCAL_WRITE);
	r = ENOMEM;
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

int peer_transfer(struct peer *peer, bool writes, void *remote, uint32_t rkey,
		  uint64_t *value, enum ibv_wc_status *ret_status)
{
	struct loopback_transfer transfer = {
		.opcode = writes ? IBV_WR_RDMA_WRITE : IBV_WR_RDMA_READ,
		.local = peer->buffer,
		.len = sizeof(*peer->buffer),
		.lkey = peer->buffer_mr->lkey,
		.remote = (uintptr_t)remote,
		.rkey = rkey,
	};
	int r;

	*peer->buffer = writes ? *value : 0;
	r = loopback_once(&peer->loopback, peer->pd, peer->cq, &transfer,
			  ret_status);
	*value = *peer->buffer;
	return r;
}
