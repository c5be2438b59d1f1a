/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "hook/real_verbs.h"

/* The operations that engine.c puts in front of a provider's. */
extern const struct real_verbs verbs_wrap_ops;

/* In place of libibverbs' ibv_cmd_dereg_mr() when a provider calls it */
int verbs_wrap_cmd_dereg_mr(struct ibv_mr *mr);
