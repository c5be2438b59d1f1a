// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: functions of libmlx5 that pin memory without a memory
 * region.  libmlx5 is not linked, and need not be there.
 */
#include <errno.h>
#include <stdint.h>

#include "base/look_up.h"
#include "preload/private.h"

struct ibv_context;
struct mlx5dv_devx_umem;

/* infiniband/mlx5dv.h; it grows at the end. */
struct mlx5dv_devx_umem_in {
	void *addr;
	size_t size;
	uint32_t access;
	uint64_t pgsz_bitmap;
	uint64_t comp_mask;
};
/* MLX5DV_UMEM_MASK_DMABUF: it is not memory of the program. */
#define UMEM_IS_DMABUF (1 << 0)

typedef struct mlx5dv_devx_umem *reg_fn(struct ibv_context *context, void *addr,
					size_t size, uint32_t access);
typedef struct mlx5dv_devx_umem *reg_ex_fn(struct ibv_context *context,
					   struct mlx5dv_devx_umem_in *in);

PINSAFE_EXPORT reg_fn mlx5dv_devx_umem_reg;
PINSAFE_EXPORT reg_ex_fn mlx5dv_devx_umem_reg_ex;

/* The next function, or NULL and errno */
static void *may_pin(const char *name, const void *addr, size_t size)
{
	void *next = look_up(RTLD_NEXT, name)
			     ?: look_up_in("libmlx5.so.1", name);
	int r = EOPNOTSUPP;

	if (next)
		r = pinsafe_private_check_pin(addr, size, name);
	if (!r)
		return next;
	errno = r;
	return NULL;
}

struct mlx5dv_devx_umem *mlx5dv_devx_umem_reg(struct ibv_context *context,
					      void *addr, size_t size,
					      uint32_t access)
{
	reg_fn *next = (reg_fn *)may_pin("mlx5dv_devx_umem_reg", addr, size);

	return next ? next(context, addr, size, access) : NULL;
}

struct mlx5dv_devx_umem *mlx5dv_devx_umem_reg_ex(struct ibv_context *context,
						 struct mlx5dv_devx_umem_in *in)
{
	bool is_memory = !(in->comp_mask & UMEM_IS_DMABUF);
	reg_ex_fn *next = (reg_ex_fn *)may_pin(
		"mlx5dv_devx_umem_reg_ex", in->addr, is_memory ? in->size : 0);

	return next ? next(context, in) : NULL;
}
