/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* The connections of the server, and which version each was told of. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdint.h>
#include <sys/queue.h>

#include <rdma/rdma_cma.h>

#include "version.h"

struct clients {
	struct rdma_event_channel *channel;
	struct rdma_cm_id *listener;
	struct ibv_cq *cq;		/* of all of them */
	LIST_HEAD(, client) list;
};

/* Does not return if that fails. */
void clients_listen(struct clients *clients, const char *address);
void clients_close(struct clients *clients);

/* An event is there: somebody comes or goes.  @current may be NULL. */
void clients_take_event(struct clients *clients, struct version *current);

/* Those who wait for a file */
void clients_tell(struct clients *clients, struct version *current);

/* Disconnect those who were told of this one. */
void clients_end_version(struct clients *clients, uintptr_t number);

#endif /* CLIENTS_H */
