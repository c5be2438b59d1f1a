// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* As NCCL and others do: by dlopen(3), and by symbol version */
#include <dlfcn.h>

#include "t.h"
#include "api.h"

static void *symbol(const char *name)
{
	static void *handle;
	void *address;

	if (!handle)
		handle = dlopen("libibverbs.so.1", RTLD_NOW);
	if (!handle)
		t_bail("libibverbs.so.1");
	address = dlvsym(handle, name, "IBVERBS_1.1");
	if (!address)
		t_bail("%s", name);
	return address;
}

struct verbs_api verbs_api_get(void)
{
	struct verbs_api api;

	*(void **)&api.get_device_list = symbol("ibv_get_device_list");
	*(void **)&api.free_device_list = symbol("ibv_free_device_list");
	*(void **)&api.open_device = symbol("ibv_open_device");
	*(void **)&api.close_device = symbol("ibv_close_device");
	*(void **)&api.alloc_pd = symbol("ibv_alloc_pd");
	*(void **)&api.dealloc_pd = symbol("ibv_dealloc_pd");
	*(void **)&api.reg_mr = symbol("ibv_reg_mr");
	*(void **)&api.dereg_mr = symbol("ibv_dereg_mr");
	return api;
}
