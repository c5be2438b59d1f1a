/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

#include "loopback.h"

/* A device, and how to write to it from itself */
struct peer {
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct ibv_mr *buffer_mr;
	uint64_t *buffer;
	struct loopback loopback;
};

/*
 * Open the device named @name, or the first one if it is NULL, and attach
 * pinsafe to it.  ENODEV if there is none; else the errno of what failed.
 */
int peer_open(const char *name, struct peer *ret_peer);
void peer_close(struct peer *peer);

/*
 * One RDMA WRITE of *@value over queue pairs of its own, or one RDMA READ, which is
 * there afterwards.  0 and the status of its completion; ETIMEDOUT, or the errno of
 * making a connection
 */
int peer_transfer(struct peer *peer, bool writes, void *remote, uint32_t rkey,
		  uint64_t *value, enum ibv_wc_status *ret_status);
