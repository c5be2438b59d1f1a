// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The end of a connection that connects, see connection.h. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include <rdma/rdma_verbs.h>

#include "connection.h"

struct rdma_cm_id *connection_new(const char *address, const char *port,
				  int window)
{
	struct rdma_addrinfo *info, hints = {
		.ai_flags = RAI_NUMERICHOST,
		.ai_port_space = RDMA_PS_TCP,
	};
	struct ibv_qp_init_attr init = {
		.cap = { .max_send_wr = window, .max_recv_wr = 1,
			 .max_send_sge = 1, .max_recv_sge = 1 },
		.sq_sig_all = 1,
	};
	struct rdma_cm_id *id;
	int error;

	if (rdma_getaddrinfo(address, port, &hints, &info))
		errx(1, "%s: not an address in numbers", address);
	error = rdma_create_ep(&id, info, NULL, &init) ? errno : 0;
	rdma_freeaddrinfo(info);
	errno = error;
	return error ? NULL : id;
}

static int poll_cq(struct ibv_cq *cq, struct ibv_wc *wc)
{
	int n = ibv_poll_cq(cq, 1, wc);

	if (!n && ibv_req_notify_cq(cq, 0))
		return -1;
	/* One may have come in before the request. */
	return n ? n : ibv_poll_cq(cq, 1, wc);
}

int connection_wait(struct rdma_cm_id *id, struct ibv_cq *cq,
		    struct ibv_comp_channel *channel, size_t *ret_length)
{
	struct pollfd fds[] = {
		{ .fd = channel->fd, .events = POLLIN },
		{ .fd = id->channel->fd, .events = POLLIN },
	};
	struct ibv_cq *event_cq;
	struct ibv_wc wc;
	void *context;
	int n;

	for (;;) {
		n = poll_cq(cq, &wc);
		if (n < 0)
			return EIO;
		if (n && wc.status != IBV_WC_SUCCESS)
			printf("%s\n", ibv_wc_status_str(wc.status));
		if (n && wc.status == IBV_WC_SUCCESS && ret_length)
			*ret_length = wc.byte_len;
		if (n)
			return wc.status == IBV_WC_SUCCESS ? 0 : EIO;
		if (fds[1].revents)
			return ECONNRESET;
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return errno;
		}
		if (fds[0].revents) {
			if (ibv_get_cq_event(channel, &event_cq, &context))
				return errno;
			ibv_ack_cq_events(event_cq, 1);
		}
	}
}
