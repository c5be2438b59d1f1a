/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* The end of a connection that connects: for the clients of the examples. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <rdma/rdma_cma.h>

/*
 * Find the way to @address, which is one of numbers, and make a queue pair for
 * @window requests at once and one message from there; then rdma_connect().
 * NULL and errno, if there is no way just now; does not return if @address is
 * none.
 */
struct rdma_cm_id *connection_new(const char *address, const char *port,
				  int window);

/*
 * Wait for a completion in @cq, but not if the other end has disconnected: 0,
 * ECONNRESET, or another errno value; of one with an error this says so, too.
 * *ret_length: of a message that came in; NULL is fine.
 */
int connection_wait(struct rdma_cm_id *id, struct ibv_cq *cq,
		    struct ibv_comp_channel *channel, size_t *ret_length);

#endif /* CONNECTION_H */
