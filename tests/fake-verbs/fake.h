/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Between the fake libibverbs and its provider */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <infiniband/verbs.h>

#define EXPORT __attribute__((visibility("default")))

/* What changes from one rdma-core to the next */
struct fake_layout {
	const char *name;
	size_t context_size;
	unsigned int n_ops;
	unsigned int alloc_pd, dereg_mr, free_context, reg_mr, rereg_mr;
	bool is_split; /* public operations are not those that are called */
};

/* The one that FAKE_LIBIBVERBS asks for */
const struct fake_layout *fake_layout(void);

/* Its index; 0: there is none */
static inline unsigned int fake_reg_mr_ex(const struct fake_layout *layout)
{
	return layout->rereg_mr == layout->reg_mr + 3 ? layout->reg_mr + 1 : 0;
}

#define FAKE_IMPORT_MR(layout) ((layout)->free_context + 4)

/* rkey of a memory region: who made it */
#define FAKE_BY_REG_MR 1
#define FAKE_BY_REG_MR_EX 2
#define FAKE_BY_LIBIBVERBS 3

/* A context with operations that fail; the start of its verbs_context */
void *fake_new_context(void);
struct ibv_context *fake_context(void *verbs_context);
void fake_free_context(struct ibv_context *context);

/* libibverbs/driver.h */
struct driver_ops {
	const char *name;
	uint32_t match_min_abi_version;
	uint32_t match_max_abi_version;
	const void *match_table;
	const void **static_providers;
	bool (*match_device)(void *sysfs_dev);
	void *(*alloc_context)(struct ibv_device *device, int cmd_fd,
			       void *private_data);
	void *(*import_context)(struct ibv_device *device, int cmd_fd);
	void *(*alloc_device)(void *sysfs_dev);
	void (*uninit_device)(void *device);
};

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define verbs_register_driver JOIN(verbs_register_driver_, PABI)

void verbs_register_driver(const struct driver_ops *ops);
void verbs_set_ops(void *verbs_context, const void *ops);
int ibv_cmd_dereg_mr(struct ibv_mr *mr);

/* Each provider's; provider_common.c has the rest. */
void *fake_alloc_context(struct ibv_device *device, int cmd_fd,
			 void *private_data);
struct ibv_pd *fake_alloc_pd(struct ibv_context *context);
int fake_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr,
		  size_t length, int access);
int fake_dereg_mr(struct ibv_mr *mr);
