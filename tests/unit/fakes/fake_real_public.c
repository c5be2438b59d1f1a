// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* real_public_get() for a libibverbs that calls the hooked operations */
#include "verbs_wrap.h"

const struct real_public *__wrap_real_public_get(void);

static struct ibv_mr *reg_mr_iova2(struct ibv_pd *pd, void *addr, size_t length,
				   uint64_t iova, unsigned int access)
{
	return verbs_wrap_ops.reg_mr(pd, addr, length, iova, access);
}

static int dereg_mr(struct ibv_mr *mr)
{
	return verbs_wrap_ops.dereg_mr(mr);
}

const struct real_public *__wrap_real_public_get(void)
{
	static const struct real_public fake = {
		.reg_mr_iova2 = reg_mr_iova2,
		.dereg_mr = dereg_mr,
	};

	return &fake;
}
