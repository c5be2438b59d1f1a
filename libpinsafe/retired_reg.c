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
#include "registration.h"
#include "retired.h"

/* Attempts of one registration; each is another pin of the same memory. */
#define MAX_TRIES 1024

static int reg_once(struct registration *reg, void *addr, int access)
{
	int saved_errno = errno;

	errno = 0;
	reg->mr = reg->real->reg_mr(reg->pd, addr, reg->length, reg->iova,
				    access);
	if (!reg->mr)
		return errno ?: EIO;
	errno = saved_errno;
	return 0;
}

/* False: it is the kernel's still, and nobody's here. */
static bool drop(const struct registration *reg, struct ibv_mr *mr,
		 retired_stuck *stuck)
{
	if (!reg->real->dereg_mr(mr))
		return true;
	refusal_stuck(mr->lkey, retired_has_key_of(mr));
	if (stuck)
		stuck(reg, mr);
	return false;
}

static int reg_again(struct registration *reg, void *addr, int access,
		     retired_stuck *stuck)
{
	struct ibv_mr *hits[MAX_TRIES];
	bool all_gone = true;
	size_t n = 0;
	int r = 0;

	while (!r && retired_has_key_of(reg->mr)) {
		hits[n++] = reg->mr;
		log_debug("retired: the device hands out key 0x%x again",
			  reg->mr->lkey);
		r = n < MAX_TRIES ? reg_once(reg, addr, access)
				  : refusal_retired(reg->mr->lkey, n);
	}
	while (n)
		all_gone &= drop(reg, hits[--n], stuck);
	if (!all_gone) {
		/* Better no memory region than two of which one is unknown */
		if (!r)
			(void)drop(reg, reg->mr, stuck);
		r = EADDRNOTAVAIL;
	}
	if (r)
		reg->mr = NULL;
	return r;
}

int retired_reg_mr(struct registration *reg, void *addr, int access,
		   retired_stuck *stuck)
{
	int r = reg_once(reg, addr, access);

	if (r || !retired_has_key_of(reg->mr))
		return r;
	return reg_again(reg, addr, access, stuck);
}
