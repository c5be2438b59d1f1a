// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The connections of the server, see clients.h. */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rdma/rdma_verbs.h>

#include "clients.h"
#include "protocol.h"

#define BACKLOG 64
#define MAX_FAILED 1024		/* messages at once */

struct client {
	LIST_ENTRY(client) link;
	struct rdma_cm_id *id;
	bool is_connected;
	struct version *version;	/* that it was told of, or NULL */
};

void clients_listen(struct clients *clients, const char *address)
{
	struct rdma_addrinfo *info, hints = {
		.ai_flags = RAI_PASSIVE | RAI_NUMERICHOST,
		.ai_port_space = RDMA_PS_TCP,
	};

	LIST_INIT(&clients->list);
	if (rdma_getaddrinfo(address, PORT, &hints, &info))
		errx(1, "%s: not an address in numbers", address);
	clients->channel = rdma_create_event_channel();
	if (!clients->channel ||
	    rdma_create_id(clients->channel, &clients->listener, NULL,
			   RDMA_PS_TCP) ||
	    rdma_bind_addr(clients->listener, info->ai_src_addr) ||
	    rdma_listen(clients->listener, BACKLOG))
		err(1, "%s: listen", address);
	rdma_freeaddrinfo(info);
	if (!clients->listener->pd)
		errx(1, "%s: not the address of one device", address);
	clients->cq = ibv_create_cq(clients->listener->verbs, MAX_FAILED, NULL,
				    NULL, 0);
	if (!clients->cq)
		err(1, "ibv_create_cq");
}

/* One message to a connection, so that nobody has to wait for its completion */
static int send_offer(struct rdma_cm_id *id, const struct version *version)
{
	struct offer offer = {
		.addr = htobe64((uintptr_t)version->addr),
		.length = htobe64(version->length),
		.rkey = htobe32(version->mr->rkey),
	};

	return rdma_post_send(id, NULL, &offer, sizeof(offer), NULL,
			      IBV_SEND_INLINE) ? errno : 0;
}

static void tell(struct client *client, struct version *current)
{
	int r;

	if (!current || !client->is_connected || client->version)
		return;
	client->version = version_get(current);
	r = send_offer(client->id, current);
	if (!r)
		return;
	warnx("a client cannot be told: %s", strerror(r));
	rdma_disconnect(client->id);
}

void clients_tell(struct clients *clients, struct version *current)
{
	struct client *client;

	LIST_FOREACH(client, &clients->list, link)
		tell(client, current);
}

void clients_end_version(struct clients *clients, uintptr_t number)
{
	struct client *client;

	LIST_FOREACH(client, &clients->list, link)
		if (client->version && client->version->number == number)
			rdma_disconnect(client->id);
}

static void end_client(struct client *client)
{
	struct ibv_wc wc;

	/* Nobody wants to know which messages failed. */
	while (ibv_poll_cq(client->id->qp->send_cq, 1, &wc) > 0)
		;
	LIST_REMOVE(client, link);
	rdma_destroy_qp(client->id);
	rdma_destroy_id(client->id);
	version_put(client->version);
	free(client);
}

static void accept_client(struct clients *clients, struct rdma_cm_id *id)
{
	struct ibv_qp_init_attr init = {
		.send_cq = clients->cq,
		.recv_cq = clients->cq,
		.qp_type = IBV_QPT_RC,
		.cap = { .max_send_wr = 1, .max_recv_wr = 1,
			 .max_send_sge = 1, .max_recv_sge = 1,
			 .max_inline_data = sizeof(struct offer) },
	};
	struct rdma_conn_param param = {
		.responder_resources = RDMA_MAX_RESP_RES,
		.rnr_retry_count = 7,
	};
	struct client *client = calloc(1, sizeof(*client));

	if (!client || rdma_create_qp(id, clients->listener->pd, &init)) {
		warn("a client is turned away");
		rdma_reject(id, NULL, 0);
		rdma_destroy_id(id);
		free(client);
		return;
	}
	client->id = id;
	id->context = client;
	LIST_INSERT_HEAD(&clients->list, client, link);
	if (rdma_accept(id, &param)) {
		warn("rdma_accept");
		end_client(client);
	}
}

void clients_take_event(struct clients *clients, struct version *current)
{
	struct rdma_cm_event *event;
	enum rdma_cm_event_type type;
	struct client *client;
	struct rdma_cm_id *id;

	if (rdma_get_cm_event(clients->channel, &event))
		err(1, "rdma_get_cm_event");
	type = event->event;
	id = event->id;
	/* Before the id goes, which waits for that */
	rdma_ack_cm_event(event);
	client = id->context;
	switch (type) {
	case RDMA_CM_EVENT_CONNECT_REQUEST:
		accept_client(clients, id);
		break;
	case RDMA_CM_EVENT_ESTABLISHED:
		client->is_connected = true;
		tell(client, current);
		break;
	case RDMA_CM_EVENT_CONNECT_ERROR:
	case RDMA_CM_EVENT_UNREACHABLE:
	case RDMA_CM_EVENT_REJECTED:
	case RDMA_CM_EVENT_DISCONNECTED:
		end_client(client);
		break;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		errx(1, "the device is gone");
	default:
		break;
	}
}

void clients_close(struct clients *clients)
{
	while (!LIST_EMPTY(&clients->list))
		end_client(LIST_FIRST(&clients->list));
	ibv_destroy_cq(clients->cq);
	rdma_destroy_id(clients->listener);
	rdma_destroy_event_channel(clients->channel);
}
