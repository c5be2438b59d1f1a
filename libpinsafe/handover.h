/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <sys/types.h>
#include <sys/un.h>

#include "base/cause.h"

/* Where a descriptor can be handed over to another descriptor table, once */
struct handover {
	struct sockaddr_un addr;
	int listener;		/* of the receiving thread's table */
	pid_t receiver;
};

/* What fails is recorded in @cause, if that is not NULL. */

/* Receiving thread: 0 and @ret_handover, to be closed; or an errno value */
int handover_open(struct cause *cause, struct handover *ret_handover);
void handover_close(struct handover *handover);

/*
 * Sending thread: 0 or an errno value.  EBADF: it has no such descriptor;
 * ECONNREFUSED: the other thread is in another network name space, which this one
 * may not enter (setns(2)).
 */
int handover_send(const struct handover *handover, int fd,
		  struct cause *cause);

/* Receiving thread, after that: 0 and a copy for it to close, or an errno */
int handover_receive(const struct handover *handover, struct cause *cause,
		     int *ret_fd);
