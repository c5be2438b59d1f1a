// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* real_private_get() for a libibverbs that ends in fake_kernel_mr.c */
#include "fake_kernel_mr.h"
#include "hook/real_verbs.h"

const struct real_private *__wrap_real_private_get(void);

const struct real_private *__wrap_real_private_get(void)
{
	static const struct real_private fake = {
		.ibv_cmd_dereg_mr = fake_cmd_dereg_mr,
	};

	return &fake;
}
