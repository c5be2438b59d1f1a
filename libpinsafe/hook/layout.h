/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>

#include <infiniband/verbs.h>

#include "hook/real_verbs.h"

/*
 * Where the running libibverbs keeps things: struct verbs_context_ops has
 * changed from release to release, also without a new private ABI number.
 */
struct ops_layout {
	size_t context_size;	/* of struct verbs_context, in bytes */
	size_t priv_ops;	/* of the table in verbs_ex_private, in bytes */
	unsigned int n_ops;	/* pointers in struct verbs_context_ops */
	/* Indices into struct verbs_context_ops; 0 if it has no such operation */
	union {
		struct {
			unsigned int reg_mr, dereg_mr, free_context, rereg_mr,
				reg_mr_ex, import_mr;
		};
		unsigned int of[N_VERBS]; /* the same, by enum verb */
	};
};

/*
 * Learn the layout, once.  @context_size is what libibverbs says of the size of
 * its struct verbs_context.  NULL if it makes no sense.
 */
const struct ops_layout *layout_get(const struct real_private *real,
				    size_t context_size);

/* The table of operations that libibverbs uses for @context */
void **layout_ops(const struct ops_layout *layout, struct ibv_context *context);

/* Do the public and the private operations of @context agree? */
bool layout_is_consistent(const struct ops_layout *layout,
			  struct ibv_context *context);

/* Start of the struct verbs_context around @context */
void *layout_verbs_context(const struct ops_layout *layout,
			   struct ibv_context *context);

/* sz of struct verbs_context: it is the word before struct ibv_context. */
size_t layout_context_size(const struct ibv_context *context);

/* The context in @verbs_context, whose size is not known; NULL if unclear */
struct ibv_context *layout_find_context(void *verbs_context);
