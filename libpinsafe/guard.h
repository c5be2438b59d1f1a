/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_GUARD_H
#define PINSAFE_GUARD_H

#include "real_verbs.h"

/* The upper line of the data flow; the arguments are those of the verbs. */

struct ibv_mr *guard_reg_mr(const struct real_verbs *real, struct ibv_pd *pd,
			    void *addr, size_t length, uint64_t iova,
			    int access);
int guard_rereg_mr(const struct real_verbs *real, struct ibv_mr *mr, int flags,
		   struct ibv_pd *pd, void *addr, size_t length, int access);
int guard_dereg_mr(const struct real_verbs *real, struct ibv_mr *mr);
void guard_free_context(const struct real_verbs *real,
			struct ibv_context *context);

#endif /* PINSAFE_GUARD_H */
