/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef TOOLS_SELFTEST_PEER_H
#define TOOLS_SELFTEST_PEER_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

/* A device, and how to write to it from itself */
struct peer {
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct ibv_mr *buffer_mr;
	uint64_t *buffer;
	bool has_gid;
	union ibv_gid gid;
	int gid_index;
	struct ibv_port_attr port;
};

/*
 * Open the device named @name, or the first one if it is NULL, and attach
 * pinsafe to it.  ENODEV if there is none; else the errno of what failed.
 */
int peer_open(const char *name, struct peer *ret_peer);
void peer_close(struct peer *peer);

/*
 * One RDMA WRITE of @value over queue pairs of its own.  0 and the status of
 * its completion; ETIMEDOUT, or the errno of making a connection
 */
int peer_write(struct peer *peer, void *to, uint32_t rkey, uint64_t value,
	       enum ibv_wc_status *ret_status);

/* The same for an RDMA READ, and what it got */
int peer_read(struct peer *peer, void *from, uint32_t rkey,
	      uint64_t *ret_value, enum ibv_wc_status *ret_status);

#endif /* TOOLS_SELFTEST_PEER_H */
