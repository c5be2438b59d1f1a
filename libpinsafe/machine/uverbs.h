/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdint.h>

/* Which driver is behind a device; requests have to name it. */
#define UVERBS_N_DRIVERS 64

struct uverbs_mr {
	uint32_t lkey, rkey;
};

/*
 * What the kernel knows of the memory region with @handle of the open device
 * @fd.  0; ENOENT if there is none; EINVAL if it has another driver than
 * @driver_id; ENOTTY if it is no such device; or another errno of ioctl(2).
 */
int uverbs_query_mr(int fd, uint32_t driver_id, uint32_t handle,
		    struct uverbs_mr *ret_mr);

/* The same, and it is destroyed. */
int uverbs_destroy_mr(int fd, uint32_t driver_id, uint32_t handle);
