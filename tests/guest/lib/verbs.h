/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * The device of the guest and RC queue pairs over its loopback GID.
 *
 * int functions return 0 or an errno value.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <infiniband/verbs.h>

#include "loopback.h"

struct verbs {
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct loopback loopback;
};

#define VERBS_ACCESS                                        \
	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | \
	 IBV_ACCESS_REMOTE_READ)

/* The device named rxe0, or the first one; bails out without any */
void verbs_open(struct verbs *v);

/* Close all of it; the first error */
int verbs_close(struct verbs *v);

struct ibv_qp *verbs_qp_create(struct verbs *v);

/* From RESET to RTS, towards a queue pair on the same device */
int verbs_qp_connect(struct verbs *v, struct ibv_qp *qp, uint32_t dest_qp_num);

/* One completion, or ETIMEDOUT */
int verbs_poll(struct verbs *v, int ms, struct ibv_wc *ret_wc);

/*
 * One transfer over queue pairs of its own: the status of its completion, or
 * -1 when there was none.
 */
int verbs_write_once(struct verbs *v, const void *data, uint32_t len,
		     void *remote, uint32_t rkey);
int verbs_read_once(struct verbs *v, void *data, uint32_t len, void *remote,
		    uint32_t rkey);
