// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Whether a device has on-demand paging, is sound, and how it prefetches */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hook/odp.h"
#include "lib/record.h"
#include "lib/test.h"

static struct device {
	struct verbs_context verbs;
	int error;	   /* of query_device_ex() */
	int advise_errors; /* of so many calls of advise_mr() */
	struct ibv_odp_caps caps;
} device;

static struct ibv_context *const context = &device.verbs.context;
static struct ibv_pd pd = {.context = &device.verbs.context};
static const struct ibv_mr mr = {.lkey = 0x17};

static int query_device_ex(struct ibv_context *asked,
			   const struct ibv_query_device_ex_input *input,
			   struct ibv_device_attr_ex *ret_attr, size_t size)
{
	assert_ptr_equal(asked, context);
	if (device.error)
		return device.error;
	ret_attr->odp_caps = device.caps;
	return 0;
}

static int advise_mr(struct ibv_pd *asked,
		     enum ib_uverbs_advise_mr_advice advice, uint32_t flags,
		     struct ibv_sge *sges, uint32_t n_sges)
{
	assert_ptr_equal(asked, &pd);
	assert_int_equal(flags, IBV_ADVISE_MR_FLAG_FLUSH);
	assert_int_equal(n_sges, 1);
	assert_int_equal(sges->lkey, mr.lkey);
	record("%s %#lx+%#x",
	       advice == IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE ? "write" : "read",
	       (unsigned long)sges->addr, sges->length);
	return device.advise_errors-- > 0 ? EINVAL : 0;
}

static int setup(void **state)
{
	memset(&device, 0, sizeof(device));
	device.verbs.context.abi_compat = (void *)UINTPTR_MAX;
	device.verbs.sz = sizeof(device.verbs);
	device.verbs.query_device_ex = query_device_ex;
	device.verbs.advise_mr = advise_mr;
	device.caps.general_caps = IBV_ODP_SUPPORT;
	device.caps.per_transport_caps.rc_odp_caps = IBV_ODP_SUPPORT_SEND |
						     IBV_ODP_SUPPORT_WRITE |
						     IBV_ODP_SUPPORT_READ;
	record_clear();
	return 0;
}

#define ODP_CASE(fn) CASE_WITH(fn, setup, NULL)

ODP_CASE(all_caps__offered)
{
	assert_true(odp_is_offered(context));
}

ODP_CASE(no_paging__not_offered)
{
	device.caps.general_caps = 0;
	assert_false(odp_is_offered(context));
}

ODP_CASE(no_write__not_offered)
{
	device.caps.per_transport_caps.rc_odp_caps &= ~IBV_ODP_SUPPORT_WRITE;
	assert_false(odp_is_offered(context));
}

ODP_CASE(no_read__not_offered)
{
	device.caps.per_transport_caps.rc_odp_caps &= ~IBV_ODP_SUPPORT_READ;
	assert_false(odp_is_offered(context));
}

ODP_CASE(only_datagrams__not_offered)
{
	device.caps.per_transport_caps.ud_odp_caps =
		device.caps.per_transport_caps.rc_odp_caps;
	device.caps.per_transport_caps.rc_odp_caps = 0;
	assert_false(odp_is_offered(context));
}

ODP_CASE(query_fails__not_offered)
{
	device.error = EOPNOTSUPP;
	assert_false(odp_is_offered(context));
}

ODP_CASE(no_query__not_offered)
{
	device.verbs.query_device_ex = NULL;
	assert_false(odp_is_offered(context));
}

ODP_CASE(old_context__not_offered)
{
	device.verbs.context.abi_compat = NULL;
	assert_false(odp_is_offered(context));
}

ODP_CASE(short_context__not_offered)
{
	device.verbs.sz = sizeof(device.verbs) -
			  offsetof(struct verbs_context, query_device_ex) - 1;
	assert_false(odp_is_offered(context));
}

static bool is_sound(const char *path)
{
	struct real_verbs real = {0};
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	bool sound;

	if (!object)
		fail_msg("%s", dlerror());
	*(void **)&real.reg_mr = dlsym(object, "provider_op");
	assert_non_null(*(void **)&real.reg_mr);
	sound = odp_is_sound(&real);
	dlclose(object);
	return sound;
}

ODP_CASE(rxe__not_sound)
{
	assert_false(is_sound(PROVIDER_RXE));
}

ODP_CASE(mlx5__sound)
{
	assert_true(is_sound(PROVIDER_MLX5));
}

ODP_CASE(operation_of_no_object__not_sound)
{
	struct real_verbs real = {0};
	void *heap = malloc(16);

	*(void **)&real.reg_mr = heap;
	assert_false(odp_is_sound(&real));
	free(heap);
}

ODP_CASE(prefetch__for_writing)
{
	odp_prefetch(&pd, &mr, 0x1000, 0x2000, true);
	assert_record("write 0x1000+0x2000");
}

ODP_CASE(prefetch__for_reading)
{
	odp_prefetch(&pd, &mr, 0x1000, 0x2000, false);
	assert_record("read 0x1000+0x2000");
}

/* The length of an entry has 32 bits. */
ODP_CASE(prefetch__5_GiB_in_pieces)
{
	odp_prefetch(&pd, &mr, 0x1000, 5ul << 30 | 0x123, true);
	assert_record("write 0x1000+0x40000000, write 0x40001000+0x40000000, "
		      "write 0x80001000+0x40000000, "
		      "write 0xc0001000+0x40000000, "
		      "write 0x100001000+0x40000000, write 0x140001000+0x123");
}

ODP_CASE(prefetch__nothing)
{
	odp_prefetch(&pd, &mr, 0x1000, 0, true);
	assert_record("");
}

ODP_CASE(prefetch__given_up_at_the_first_error)
{
	device.advise_errors = 1;
	odp_prefetch(&pd, &mr, 0x1000, 2ul << 30, true);
	assert_record("write 0x1000+0x40000000");
}

ODP_CASE(prefetch__device_without)
{
	device.verbs.advise_mr = NULL;
	odp_prefetch(&pd, &mr, 0x1000, 0x1000, true);
	assert_record("");
}
