/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * RDMA from a device to itself: RC queue pairs over its first port.  Also of the
 * test programs that run in guests.
 *
 * int functions return 0 or an errno value.
 */
#pragma once

#include <infiniband/verbs.h>
#include <stdint.h>

struct loopback {
	uint16_t lid;
	int gid_index; /* -1: the port has none */
	union ibv_gid gid; /* IPv4-mapped where there is such a one */
};

int loopback_find(struct ibv_context *context, struct loopback *ret_loopback);

/* For @depth work requests at a time; NULL with errno */
struct ibv_qp *loopback_qp(struct ibv_pd *pd, struct ibv_cq *cq,
			   unsigned int depth);

/* From RESET to RTS, towards a queue pair on the same device */
int loopback_connect(const struct loopback *loopback, struct ibv_qp *qp,
		     uint32_t dest_qp_num);

/* len bytes between a local buffer and a remote address */
struct loopback_transfer {
	enum ibv_wr_opcode opcode;
	uint64_t wr_id;
	void *local;
	uint32_t len;
	uint32_t lkey;
	uint64_t remote;
	uint32_t rkey;
};

int loopback_post(struct ibv_qp *qp, const struct loopback_transfer *transfer);

/*
 * One transfer over queue pairs of its own, and the status of its completion;
 * ETIMEDOUT when there was none
 */
int loopback_once(const struct loopback *loopback, struct ibv_pd *pd,
		  struct ibv_cq *cq, const struct loopback_transfer *transfer,
		  enum ibv_wc_status *ret_status);
