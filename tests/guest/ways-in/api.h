/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* The verbs that way-in.c calls, and how it has got hold of them */
#pragma once

#include <infiniband/verbs.h>

struct verbs_api {
	struct ibv_device **(*get_device_list)(int *n);
	void (*free_device_list)(struct ibv_device **list);
	struct ibv_context *(*open_device)(struct ibv_device *device);
	int (*close_device)(struct ibv_context *context);
	struct ibv_pd *(*alloc_pd)(struct ibv_context *context);
	int (*dealloc_pd)(struct ibv_pd *pd);
	struct ibv_mr *(*reg_mr)(struct ibv_pd *pd, void *addr, size_t length,
				 int access);
	int (*dereg_mr)(struct ibv_mr *mr);
};

struct verbs_api verbs_api_get(void);
