// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include "mlx5.h"

static struct mlx5dv_devx_umem umem;
static unsigned int n_calls;

MLX5_EXPORT struct mlx5dv_devx_umem *
mlx5dv_devx_umem_reg(struct ibv_context *context, void *addr, size_t size,
		     uint32_t access)
{
	n_calls++;
	return &umem;
}

MLX5_EXPORT struct mlx5dv_devx_umem *
mlx5dv_devx_umem_reg_ex(struct ibv_context *context,
			struct mlx5dv_devx_umem_in *in)
{
	n_calls++;
	return &umem;
}

unsigned int mlx5_calls(void)
{
	return n_calls;
}
