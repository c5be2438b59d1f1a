/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include <infiniband/verbs.h>

#include "hook/real_verbs.h"

/* What is put in front of a provider's operations, and of its way to the kernel */
struct engine_front {
	const struct real_verbs *ops;
	int (*cmd_dereg_mr)(struct ibv_mr *mr);
};
/* Before anything else; borrowed for ever */
void engine_set_front(const struct engine_front *f);

/*
 * In place of verbs_set_ops(): a provider sets the operations of a new context.
 * @caller is an address inside the function that called.
 */
void engine_set_ops(void *verbs_context, const void *ops, const void *caller);

/* Hook a context that is open already; returns as pinsafe_attach() does. */
int engine_attach(struct ibv_context *context);

/* Ways in without LD_PRELOAD */

/*
 * Hook the contexts of all providers: those that are loaded now, and those that
 * libibverbs loads from now on.  Does nothing if libibverbs is not loaded, and
 * nothing when called again.
 *
 * @pabi is the number of libibverbs' private ABI, for which the caller vouches,
 * or 0: one of those that we know.
 */
void scan_start(int pabi);

/*
 * Have @fn called whenever libibverbs (a handle of dlopen(3)) looks for the
 * driver of a device, under its lock of the device list.  @pabi as for
 * scan_start().  Registers once; false if that libibverbs is not known.
 */
bool null_driver_register(void *libibverbs, int pabi, void (*fn)(void));
