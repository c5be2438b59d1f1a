// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Opens the device twice and registers memory with each context; prints what
 * came of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <infiniband/verbs.h>

static char buffer[4096];

static void try(struct ibv_device *device)
{
	struct ibv_context *context = ibv_open_device(device);
	struct ibv_pd *pd = ibv_alloc_pd(context);
	struct ibv_mr *mr;

	if (!pd) {
		printf("alloc_pd=%s", strerrorname_np(errno));
	} else {
		mr = ibv_reg_mr(pd, buffer, sizeof(buffer),
				IBV_ACCESS_LOCAL_WRITE);
		printf("reg=%s", mr ? "ok" : strerrorname_np(errno));
		if (mr)
			printf(" dereg=%d", ibv_dereg_mr(mr));
		ibv_dealloc_pd(pd);
	}
	ibv_close_device(context);
}

int main(void)
{
	struct ibv_device **list;
	int n = 0;

	list = ibv_get_device_list(&n);
	if (!n)
		return 1;
	try(list[0]);
	printf(", ");
	try(list[0]);
	printf("\n");
	ibv_free_device_list(list);
	return 0;
}
