/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_BREAKER_H
#define PINSAFE_BREAKER_H

#include <stdbool.h>

#include <infiniband/verbs.h>

/* All of this is for the keeper's thread. */

/*
 * Look at all leases; revoke the memory regions of those that are being broken
 * and release them.  Returns whether one is left that has to be looked at again
 * soon, because an MR could not be revoked or the program is just using it.
 */
bool breaker_run(void);

/* Revoke all memory regions of a context that is about to be closed. */
void breaker_revoke_context(struct ibv_context *context);

#endif /* PINSAFE_BREAKER_H */
