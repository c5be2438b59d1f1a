// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Have the provider register, and keep the keys of revoked memory regions from
 * coming back.
 *
 * Some devices hand out a key again as soon as it is free (see
 * Documentation/hardware.md).  Nobody but the kernel chooses keys; so if a new
 * memory region has a retired one, register again while that is still there,
 * which makes the kernel choose another, and then destroy it.
 */
#include <errno.h>

#include "base/log.h"
#include "refusal/refusal.h"
#include "retired.h"

/* Attempts of one registration; each is another pin of the same memory. */
#define MAX_TRIES 1024

/* False: it is the kernel's still, and nobody's here. */
static bool drop(const struct real_verbs *real, struct ibv_mr *mr,
		 const struct stuck_handler *stuck)
{
	if (!real->dereg_mr(mr))
		return true;
	refusal_stuck(mr->lkey, retired_has_key_of(mr));
	if (stuck)
		stuck->fn(mr, stuck->arg);
	return false;
}

static struct ibv_mr *reg_again(const struct real_verbs *real,
				struct ibv_pd *pd, void *addr, size_t length,
				uint64_t iova, int access, struct ibv_mr *first,
				const struct stuck_handler *stuck)
{
	struct ibv_mr *hits[MAX_TRIES], *mr;
	bool all_gone = true;
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
	while (n)
		all_gone &= drop(real, hits[--n], stuck);
	if (!all_gone) {
		/* Better no memory region than two of which one is unknown */
		if (mr)
			(void)drop(real, mr, stuck);
		mr = NULL;
		r = EADDRNOTAVAIL;
	}
	if (!mr)
		errno = r;
	return mr;
}

struct ibv_mr *retired_reg_mr(const struct real_verbs *real, struct ibv_pd *pd,
			      void *addr, size_t length, uint64_t iova,
			      int access, const struct stuck_handler *stuck)
{
	struct ibv_mr *mr;

	mr = real->reg_mr(pd, addr, length, iova, access);
	if (!mr || !retired_has_key_of(mr))
		return mr;
	return reg_again(real, pd, addr, length, iova, access, mr, stuck);
}
