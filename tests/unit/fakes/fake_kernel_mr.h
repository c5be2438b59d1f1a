/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <infiniband/verbs.h>

#define FAKE_KERNEL_MRS 1024

struct fake_kernel_mr {
	bool is_quiet; /* record nothing */
	/* Behind the handles are memory regions of somebody else. */
	bool has_others;
	/* When it is gone and its key is free; by the thread that did it */
	void (*on_destroyed)(const struct ibv_mr *mr);
	/* Calls with a handle that is another MR's, or nobody's */
	unsigned int n_strangers;
	/* Calls that do not have the device under its number */
	unsigned int n_without_device;
};

extern struct fake_kernel_mr fake_kernel_mr;

/* Forget all of it. */
void fake_kernel_mr_reset(void);

/* The next @times calls to destroy @mr (NULL: any) fail. */
void fake_kernel_mr_stick(const struct ibv_mr *mr, unsigned int times,
			  int error);

/* In place of ibv_cmd_reg_mr() and so on */
int fake_cmd_reg_mr(struct ibv_mr *mr);
int fake_cmd_dereg_mr(struct ibv_mr *mr);
int fake_cmd_rereg_mr(struct ibv_mr *mr, int flags, void *addr, size_t length);

size_t fake_kernel_mr_count(void);
/* Is there one over a part of this? */
bool fake_kernel_mr_covers(const char *addr, size_t length);
