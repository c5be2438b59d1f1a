/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "../lib/fault.h"
#include "hook/real_verbs.h"

struct fake_provider {
	struct fault reg_mr; /* error EDOM: fails and leaves errno at 0 */
	struct fault dereg_mr;
	struct fault rereg_mr;
	/*
	 * The kernel's part of making and destroying an MR, NULL: none.  The
	 * latter is called as an import of the provider would be.
	 */
	int (*cmd_reg_mr)(struct ibv_mr *mr);
	int (*cmd_dereg_mr)(struct ibv_mr *mr);
	/* NULL: nothing changes */
	int (*cmd_rereg_mr)(struct ibv_mr *mr, int flags, void *addr,
			    size_t length);
	bool is_quiet;	     /* record nothing */
	bool was_in_section; /* at the last reg_mr or dereg_mr */
	int access;	     /* of the last reg_mr */
};

extern struct fake_provider fake_provider;
extern const struct real_verbs fake_provider_ops;
