/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

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
