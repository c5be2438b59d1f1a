// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include "mlx5.h"

static void *reg(void *addr, size_t size)
{
	return mlx5dv_devx_umem_reg(NULL, addr, size, IBV_ACCESS_LOCAL_WRITE);
}

static void *reg_ex(void *addr, size_t size, uint64_t comp_mask)
{
	struct mlx5dv_devx_umem_in in = {
		.addr = addr,
		.size = size,
		.access = IBV_ACCESS_LOCAL_WRITE,
		.comp_mask = comp_mask,
	};

	return mlx5dv_devx_umem_reg_ex(NULL, &in);
}

const struct umem_user umem_user = {reg, reg_ex, mlx5_calls};
