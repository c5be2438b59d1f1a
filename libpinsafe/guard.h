/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "hook/real_verbs.h"
#include "memory/mapping.h"
#include "track.h"

/* The upper line of the data flow; the arguments are those of the verbs. */

struct ibv_mr *guard_reg_mr(const struct real_verbs *real, struct ibv_pd *pd,
			    void *addr, size_t length, uint64_t iova,
			    int access);
struct ibv_mr *guard_reg_mr_ex(const struct real_verbs *real,
			       struct ibv_pd *pd, struct mr_init_attr *attr);
struct ibv_mr *guard_import_mr(const struct real_verbs *real,
			       struct ibv_pd *pd, uint32_t handle);
/*
 * Memory that is about to be pinned without a memory region, by way of @entry.
 * 0, or the errno with which that has to be refused, explained: nothing could
 * be revoked.
 */
int guard_check_pin(const void *addr, size_t length, const char *entry);
int guard_rereg_mr(const struct real_verbs *real, struct ibv_mr *mr, int flags,
		   struct ibv_pd *pd, void *addr, size_t length, int access);
int guard_dereg_mr(const struct real_verbs *real, struct ibv_mr *mr);
/* Is this thread inside of that, where the provider has been asked? */
bool guard_is_in_dereg_of(const struct ibv_mr *mr);
void guard_free_context(const struct real_verbs *real,
			struct ibv_context *context);

/* Pieces of it that guard*.c share; inside a section. */

/* mapping_classify(), on a thread with descriptors to spare; explained if it fails */
int guard_classify(const void *addr, size_t length, struct mapping *ret_mapping);
/*
 * @gmr is about to be destroyed or moved by the program: what the device wrote
 * shall get to the file.
 */
void guard_redirty(struct guarded_mr *gmr);
/* Give back the first @n_leases of @gmr. */
void guard_put_leases(struct guarded_mr *gmr, size_t n_leases);
