// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Receives a file: the sender writes straight into it by RDMA.  If somebody
 * truncates the file meanwhile, the receiver makes it whole again, registers
 * it again, and gives the sender the new key with the next connection.
 *
 *   receiver ADDRESS FILE LENGTH
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <infiniband/pinsafe.h>
#include <rdma/rdma_cma.h>
#include <rdma/rdma_verbs.h>

#include "protocol.h"

#define RESTORE_MS 10000
#define MAX_RESTORES 10		/* for one break */

struct receiver {
	const char *path;
	int fd;
	size_t length;
	void *addr;
	struct ibv_mr *mr;
	struct pinsafe_event_channel *events;
};

static struct rdma_cm_id *listen_at(const char *address)
{
	struct rdma_addrinfo *info, hints = {
		.ai_flags = RAI_PASSIVE | RAI_NUMERICHOST,
		.ai_port_space = RDMA_PS_TCP,
	};
	struct ibv_qp_init_attr init = {
		.cap = { .max_send_wr = 1, .max_recv_wr = 1,
			 .max_send_sge = 1, .max_recv_sge = 1 },
		.sq_sig_all = 1,
	};
	struct rdma_cm_id *id;

	if (rdma_getaddrinfo(address, PORT, &hints, &info))
		errx(1, "%s: not an address in numbers", address);
	if (rdma_create_ep(&id, info, NULL, &init) || rdma_listen(id, 1))
		err(1, "%s: listen", address);
	rdma_freeaddrinfo(info);
	if (!id->pd)
		errx(1, "%s: not the address of one device", address);
	return id;
}

static void map_file(struct receiver *receiver)
{
	receiver->fd = open(receiver->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (receiver->fd < 0 || ftruncate(receiver->fd, receiver->length))
		err(1, "%s", receiver->path);
	receiver->addr = mmap(NULL, receiver->length, PROT_READ | PROT_WRITE,
			      MAP_SHARED, receiver->fd, 0);
	if (receiver->addr == MAP_FAILED)
		err(1, "%s: mmap", receiver->path);
}

/* To allocate the blocks of a large file takes a while. */
static int show_progress(size_t done, size_t total, void *user_data)
{
	const struct receiver *receiver = user_data;

	printf("%s: %zu of %zu MiB\n", receiver->path, done >> 20, total >> 20);
	return 0;
}

static void reg_file(struct receiver *receiver, struct ibv_pd *pd)
{
	struct pinsafe_reg_attr attr = {
		.addr = receiver->addr,
		.length = receiver->length,
		.access = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE,
		.user_data = receiver,
		.channel = receiver->events,
		.progress = show_progress,
	};

	receiver->mr = pinsafe_reg_mr(pd, &attr, sizeof(attr));
	if (!receiver->mr)
		err(1, "%s: pinsafe_reg_mr", receiver->path);
}

/* Waits for whoever broke the lease, and makes the file whole again. */
static void restore(struct receiver *receiver)
{
	struct ibv_mr *new_mr;
	int r, i;

	for (i = 0; i < MAX_RESTORES; i++) {
		r = pinsafe_mr_restore(receiver->mr, RESTORE_MS, 0, &new_mr);
		if (r != EFAULT)
			break;
		/* It is shorter than the memory that we have mapped. */
		if (ftruncate(receiver->fd, receiver->length))
			err(1, "%s: ftruncate", receiver->path);
	}
	if (r)
		errx(1, "pinsafe_mr_restore: %s", strerror(r));
	r = ibv_dereg_mr(receiver->mr);
	if (r)
		errx(1, "ibv_dereg_mr: %s", strerror(r));
	printf("restored, rkey 0x%x instead of 0x%x\n", new_mr->rkey,
	       receiver->mr->rkey);
	receiver->mr = new_mr;
}

/* True: the memory region is another one now. */
static bool take_event(struct receiver *receiver)
{
	struct pinsafe_event *event;
	uint32_t type;
	int r;

	r = pinsafe_get_event(receiver->events, &event);
	if (r == EINTR)
		return false;
	if (r)
		errx(1, "pinsafe_get_event: %s", strerror(r));
	type = event->type;
	if (type == PINSAFE_EVENT_LOST)
		warnx("%s: the lease was lost", event->path);
	pinsafe_ack_event(event);
	if (type != PINSAFE_EVENT_REVOKED)
		return false;
	printf("revoked\n");
	restore(receiver);
	return true;
}

static int accept_with_offer(const struct receiver *receiver,
			     struct rdma_cm_id *id)
{
	struct offer offer = {
		.addr = htobe64((uintptr_t)receiver->addr),
		.length = htobe64(receiver->length),
		.rkey = htobe32(receiver->mr->rkey),
	};
	struct rdma_conn_param param = {
		.private_data = &offer,
		.private_data_len = sizeof(offer),
		.rnr_retry_count = 7,
	};

	/* For the message at the end, which is empty */
	if (rdma_post_recvv(id, NULL, NULL, 0))
		return errno;
	if (ibv_req_notify_cq(id->recv_cq, 0))
		return EIO;
	return rdma_accept(id, &param) ? errno : 0;
}

/* 0: the whole file is durable, and the sender knows; EAGAIN: not so */
static int finish(struct receiver *receiver, struct rdma_cm_id *id)
{
	struct ibv_wc wc;
	int r;

	if (rdma_get_recv_comp(id, &wc) < 1 || wc.status != IBV_WC_SUCCESS)
		return EAGAIN;	/* the connection has ended */
	r = pinsafe_sync(receiver->mr, 0, receiver->length, 0);
	/* Revoked just now: something may be missing. */
	if (r == EINVAL)
		return EAGAIN;
	if (r)
		errx(1, "pinsafe_sync: %s", strerror(r));
	if (rdma_post_sendv(id, NULL, NULL, 0, 0) ||
	    rdma_get_send_comp(id, &wc) < 1 || wc.status != IBV_WC_SUCCESS)
		warnx("the sender does not know that all is here");
	return 0;
}

static int serve(struct receiver *receiver, struct rdma_cm_id *id)
{
	struct pollfd fds[] = {
		{ .fd = pinsafe_event_channel_fd(receiver->events),
		  .events = POLLIN },
		{ .fd = id->recv_cq_channel->fd, .events = POLLIN },
		{ .fd = id->channel->fd, .events = POLLIN },
	};
	int r;

	r = accept_with_offer(receiver, id);
	if (r) {
		warnx("accept: %s", strerror(r));
		return EAGAIN;
	}
	for (;;) {
		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			err(1, "poll");
		}
		/* The key of this connection is no longer good. */
		if (fds[0].revents && take_event(receiver))
			return EAGAIN;
		if (fds[1].revents)
			return finish(receiver, id);
		if (fds[2].revents)
			return EAGAIN;	/* disconnected */
	}
}

int main(int argc, char **argv)
{
	struct receiver receiver = { 0 };
	struct rdma_cm_id *listener, *id;
	int r;

	if (argc != 4)
		errx(2, "usage: receiver ADDRESS FILE LENGTH");
	setvbuf(stdout, NULL, _IOLBF, 0);
	receiver.path = argv[2];
	receiver.length = strtoull(argv[3], NULL, 10);
	map_file(&receiver);
	listener = listen_at(argv[1]);
	receiver.events = pinsafe_create_event_channel();
	if (!receiver.events)
		err(1, "pinsafe_create_event_channel");
	reg_file(&receiver, listener->pd);
	printf("listening\n");

	do {
		if (rdma_get_request(listener, &id))
			err(1, "rdma_get_request");
		r = serve(&receiver, id);
		rdma_destroy_ep(id);
	} while (r);
	printf("received %zu bytes\n", receiver.length);

	r = ibv_dereg_mr(receiver.mr);
	if (r)
		errx(1, "ibv_dereg_mr: %s", strerror(r));
	pinsafe_destroy_event_channel(receiver.events);
	rdma_destroy_ep(listener);
	return 0;
}
