// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program that knows nothing of pinsafe: opens the device twice and registers
 * a mapped file with each context.  For ways-in.sh it prints one line:
 *
 *   reg=ok,ok leases=1,1 left=0        (or an errno and leases=0,0)
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files.h"
#include "guard.h"
#include "t.h"
#include "api.h"

#define FILE_LEN (64UL << 10)
#define N_CONTEXTS 2
#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)

static struct ibv_context *open_device(const struct verbs_api *api)
{
	struct ibv_device **list;
	struct ibv_context *context;
	int n;

	list = api->get_device_list(&n);
	if (!list || !n)
		t_bail("no RDMA device");
	context = api->open_device(list[0]);
	if (!context)
		t_bail("ibv_open_device");
	api->free_device_list(list);
	return context;
}

/* For ways-in.sh: as a program that is linked with pinsafe may do */
static void attach(struct ibv_context *context)
{
	int (*fn)(struct ibv_context * context);

	if (!getenv("WAY_IN_ATTACH"))
		return;
	*(void **)&fn = dlsym(RTLD_DEFAULT, "pinsafe_attach");
	if (!fn || fn(context))
		t_bail("pinsafe_attach");
}

static void try(const struct verbs_api *api, struct ibv_context *context,
		void *addr, int fd, int *ret_error, int *ret_leases)
{
	struct ibv_pd *pd = api->alloc_pd(context);
	struct ibv_mr *mr;

	if (!pd)
		t_bail("ibv_alloc_pd");
	errno = 0;
	mr = api->reg_mr(pd, addr, FILE_LEN, ACCESS);
	*ret_error = mr ? 0 : errno ?: -1;
	*ret_leases = guard_leases(fd).held;
	if (mr && api->dereg_mr(mr))
		t_bail("ibv_dereg_mr");
	if (api->dealloc_pd(pd))
		t_bail("ibv_dealloc_pd");
}

int main(int argc, char **argv)
{
	struct verbs_api api = verbs_api_get();
	struct ibv_context *contexts[N_CONTEXTS];
	int i, fd, errors[N_CONTEXTS], leases[N_CONTEXTS];
	char path[FILES_PATH_MAX];
	void *addr;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(path, argv[1], "way-in");
	fd = files_create(path, FILE_LEN, '.');
	addr = files_map(fd, FILE_LEN);
	for (i = 0; i < N_CONTEXTS; i++)
		attach(contexts[i] = open_device(&api));
	for (i = 0; i < N_CONTEXTS; i++) {
		try(&api, contexts[i], addr, fd, &errors[i], &leases[i]);
		if (api.close_device(contexts[i]))
			t_bail("ibv_close_device");
	}
	printf("reg=%s,%s leases=%d,%d left=%d\n", t_errname(errors[0]),
	       t_errname(errors[1]), leases[0], leases[1],
	       guard_leases(fd).held);
	munmap(addr, FILE_LEN);
	close(fd);
	unlink(path);
	return 0;
}
