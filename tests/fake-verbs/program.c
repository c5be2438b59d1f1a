// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Opens the device twice and registers memory with each context; prints what
 * came of it, and who made the memory region of ibv_reg_mr_ex().
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <infiniband/verbs.h>

static char buffer[4096];

/* Newer than our headers: of rdma-core 59 */
struct mr_init_attr {
	size_t length;
	int access;
	uint64_t comp_mask;
	uint64_t iova;
	void *addr;
	uint64_t more[3];
};
#define HAS_ADDR (1 << 1)

static void try_ex(struct ibv_pd *pd)
{
	struct mr_init_attr attr = {
		.length = sizeof(buffer),
		.access = IBV_ACCESS_LOCAL_WRITE,
		.comp_mask = HAS_ADDR,
		.addr = buffer,
	};
	struct ibv_mr *(*reg_mr_ex)(struct ibv_pd *, void *);
	struct ibv_mr *mr;

	*(void **)&reg_mr_ex = dlsym(RTLD_DEFAULT, "ibv_reg_mr_ex");
	mr = reg_mr_ex(pd, &attr);
	if (!mr) {
		printf(" ex=%s", strerrorname_np(errno));
		return;
	}
	printf(" ex=%u", mr->rkey);
	ibv_dereg_mr(mr);
}

static void try_import(struct ibv_pd *pd)
{
	struct ibv_mr *(*import_mr)(struct ibv_pd *, uint32_t);
	struct ibv_mr *mr;

	/* Of another version here than in the real one */
	*(void **)&import_mr = dlsym(RTLD_DEFAULT, "ibv_import_mr");
	mr = import_mr(pd, 77);
	printf(" import=%s", mr && mr->rkey == 77 ? "ok" : "?");
	if (mr)
		ibv_dereg_mr(mr);
}

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
		try_ex(pd);
		if (getenv("FAKE_IMPORT"))
			try_import(pd);
		ibv_dealloc_pd(pd);
	}
	ibv_close_device(context);
}

/* Of what pinsafe looks up for itself, the program is not to see errors. */
static void tell_error(const char *when)
{
	const char *error = dlerror();

	if (error)
		printf("dlerror() %s: %s, ", when, error);
}

int main(void)
{
	struct ibv_device **list;
	int n = 0;

	tell_error("before main()");
	list = ibv_get_device_list(&n);
	if (!n)
		return 1;
	tell_error("after ibv_get_device_list()");
	try(list[0]);
	printf(", ");
	tell_error("after verbs");
	try(list[0]);
	printf("\n");
	ibv_free_device_list(list);
	return 0;
}
