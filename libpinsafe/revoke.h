/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdint.h>

#include <infiniband/verbs.h>

/*
 * For threads of the program, inside a section: revoke one memory region, which the
 * program does not use any more.  0, also if it is not alive; or the errno of the
 * driver, or of keeper_call().
 */
int revoke_mr(struct ibv_mr *mr);

/* The rest is for the keeper's thread. */

/*
 * Revoke the memory regions of leases of which a break was noticed and release
 * them, and those that nobody holds any more.  Returns in how many nanoseconds at
 * most it has to be called again: because an MR could not be revoked, the program
 * is just using it, or it has a time of grace.  UINT64_MAX: nothing is left to do.
 */
uint64_t revoke_broken(void);

/* Revoke all memory regions of a context that is about to be closed. */
void revoke_context(struct ibv_context *context);

/*
 * Revoke what is on demand between these addresses, which are about to be
 * unmapped: the device would go on in whatever is mapped there next.
 */
void revoke_on_demand(uintptr_t start, uintptr_t end);

/* The process ends: revoke all and release all leases, now. */
void revoke_all(void);
