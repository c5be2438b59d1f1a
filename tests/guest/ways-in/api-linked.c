// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* As most programs do */
#include "api.h"

#undef ibv_reg_mr

/* A macro in static programs, which brings the providers along */
static struct ibv_device **get_device_list(int *n)
{
	return ibv_get_device_list(n);
}

struct verbs_api verbs_api_get(void)
{
	return (struct verbs_api){
		.get_device_list = get_device_list,
		.free_device_list = ibv_free_device_list,
		.open_device = ibv_open_device,
		.close_device = ibv_close_device,
		.alloc_pd = ibv_alloc_pd,
		.dealloc_pd = ibv_dealloc_pd,
		.reg_mr = ibv_reg_mr,
		.dereg_mr = ibv_dereg_mr,
	};
}
