// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Keep the keys of revoked memory regions from coming back.
 *
 * Some devices hand out a key again as soon as it is free (see
 * Documentation/hardware.md).  Nobody but the kernel chooses keys; so if a new
 * memory region has a retired one, register again while that is still there,
 * which makes the kernel choose another, and then destroy it.
 */
#include <errno.h>

#include "log.h"
#include "refusal.h"
#include "retired.h"

/* Attempts of one registration; each is another pin of the same memory. */
#define MAX_TRIES 1024

/* The one that could not be destroyed, or NULL */
static struct ibv_mr *drop(const struct real_verbs *real, struct ibv_mr **mrs,
			   size_t n)
{
	struct ibv_mr *stuck = NULL;

	while (n)
		if (real->dereg_mr(mrs[--n])) {
			refusal_stuck(mrs[n]->lkey);
			stuck = mrs[n];
		}
	return stuck;
}

static struct ibv_mr *reg_again(const struct real_verbs *real,
				struct ibv_pd *pd, void *addr, size_t length,
				uint64_t iova, int access, struct ibv_mr *first,
				struct ibv_mr **ret_stuck)
{
	struct ibv_mr *hits[MAX_TRIES], *mr;
	size_t n = 0;
	int r = 0;

	for (mr = first; mr && retired_has_key_of(mr);) {
		hits[n++] = mr;
		log_debug("retired: the device hands out key 0x%x again",
			  mr->lkey);
		if (n == MAX_TRIES) {
			r = refusal_retired(mr->lkey, n);
			mr = NULL;
			break;
		}
		errno = 0;
		mr = real->reg_mr(pd, addr, length, iova, access);
		if (!mr)
			r = errno ?: EIO;
	}
	*ret_stuck = drop(real, hits, n);
	if (*ret_stuck && mr) {
		/* Better no memory region than two of which one is unknown */
		(void)real->dereg_mr(mr);
		mr = NULL;
		r = EADDRNOTAVAIL;
	}
	if (!mr)
		errno = r;
	return mr;
}

struct ibv_mr *retired_reg_mr(const struct real_verbs *real, struct ibv_pd *pd,
			      void *addr, size_t length, uint64_t iova,
			      int access, struct ibv_mr **ret_stuck)
{
	struct ibv_mr *mr;

	*ret_stuck = NULL;
	mr = real->reg_mr(pd, addr, length, iova, access);
	if (!mr || !retired_has_key_of(mr))
		return mr;
	return reg_again(real, pd, addr, length, iova, access, mr, ret_stuck);
}
