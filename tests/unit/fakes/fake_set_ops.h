/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>

/* Of some release of libibverbs; NOWHERE: the public field is not set. */
struct fake_set_ops {
	size_t context_size;
	size_t priv_ops;
	unsigned int n_ops;
	unsigned int reg_mr, rereg_mr, dereg_mr, free_dm;
	unsigned int req_notify_cq, get_srq_num, modify_cq;
};

#define NOWHERE (-1u)

extern struct fake_set_ops fake_set_ops_layout;

void fake_set_ops(void *verbs_context, const void *ops);
