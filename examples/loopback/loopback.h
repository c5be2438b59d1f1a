/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A device that writes into memory regions of this program: a queue pair that
 * is connected with itself.  Stands for a peer, so that the examples which are
 * not about connections need none.
 */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <stddef.h>

#include <infiniband/verbs.h>

#define LOOPBACK_BUF_SIZE 4096

struct loopback {
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_comp_channel *channel;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	struct ibv_mr *source;
	char buf[LOOPBACK_BUF_SIZE];	/* what is written */
};

/* Opens the first device.  0 or errno; loopback_close() in each case. */
int loopback_open(struct loopback *loopback);
void loopback_close(struct loopback *loopback);

/*
 * Have the device write the first @length bytes of buf to @offset of @mr.  A
 * completion tells when it has.
 */
int loopback_write(struct loopback *loopback, const struct ibv_mr *mr,
		   size_t offset, size_t length);

/* Take one completion; EAGAIN if there is none, EIO if the write failed. */
int loopback_poll(struct loopback *loopback);

#endif /* LOOPBACK_H */
