/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* A libmlx5 that counts, and a library that calls it */
#pragma once

#include <infiniband/mlx5dv.h>

#define MLX5_EXPORT __attribute__((visibility("default")))

/* How often the functions of libmlx5 were reached */
MLX5_EXPORT unsigned int mlx5_calls(void);

struct umem_user {
	void *(*reg)(void *addr, size_t size);
	void *(*reg_ex)(void *addr, size_t size, uint64_t comp_mask);
	unsigned int (*calls)(void);
};
MLX5_EXPORT extern const struct umem_user umem_user;
