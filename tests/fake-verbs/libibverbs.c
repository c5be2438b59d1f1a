// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A libibverbs.so.1 with one device, whose private structs are laid out as
 * FAKE_LIBIBVERBS says.  It finds drivers as the real one does, and has a table
 * of operations, but no kernel.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake.h"

#define MAX_DRIVERS 8
#define PRIV_HEADER 24
#define STRING2(x) #x
#define STRING(x) STRING2(x)
#define SUFFIX "-rdmav" STRING(PABI) ".so"

static const struct fake_layout layouts[] = {
	{"44", 648, 76, 5, 28, 39, 68, 70, false},
	/* Here libibverbs has ibv_reg_mr_ex() for all providers. */
	{"64", 696, 83, 5, 31, 44, 74, 77, false},
	{"65", 696, 93, 5, 32, 46, 82, 85, false},
	/* No releases: too short, not sorted by name, with other copies */
	{"short", 640, 75, 5, 28, 39, 68, 70, false},
	{"unsorted", 696, 93, 5, 32, 46, 85, 82, false},
	{"split", 696, 93, 5, 32, 46, 82, 85, true},
};

EXPORT const struct fake_layout *fake_layout(void)
{
	const char *name = getenv("FAKE_LIBIBVERBS");
	size_t i;

	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (name && !strcmp(name, layouts[i].name))
			return &layouts[i];
	abort();
}

/* Contexts */

/* The public header knows the end of the struct, which is always the same. */
static struct verbs_context *tail(void *verbs_context)
{
	return (void *)((char *)verbs_context + fake_layout()->context_size -
			sizeof(struct verbs_context));
}

EXPORT struct ibv_context *fake_context(void *verbs_context)
{
	return &tail(verbs_context)->context;
}

static void **table(struct ibv_context *context)
{
	struct verbs_context *end =
		(void *)((char *)context -
			 offsetof(struct verbs_context, context));

	return (void **)((char *)end->priv + PRIV_HEADER);
}

#define SET(field, index)                                \
	do {                                             \
		if (ops[index])                          \
			*(void **)&(field) = ops[index]; \
	} while (0)

EXPORT void verbs_set_ops(void *verbs_context, const void *new_ops)
{
	const struct fake_layout *layout = fake_layout();
	struct ibv_context *context = fake_context(verbs_context);
	void *const *ops = new_ops;
	unsigned int i;

	for (i = 0; i < layout->n_ops; i++)
		SET(table(context)[i], i);
	SET(tail(verbs_context)->free_dm, layout->free_context + 1);
	SET(tail(verbs_context)->get_srq_num, layout->free_context + 2);
	SET(tail(verbs_context)->modify_cq, layout->free_context + 6);
	SET(context->ops.req_notify_cq, layout->rereg_mr - 1);
	SET(context->ops._compat_rereg_mr, layout->rereg_mr);
	SET(context->ops._compat_dereg_mr, layout->dereg_mr);
	/* The provider has no first operation. */
	if (!layout->is_split || ops[0])
		SET(context->ops._compat_reg_mr, layout->reg_mr);
}

static void *not_supported(void)
{
	errno = EOPNOTSUPP;
	return NULL;
}

#define OP(context, type, name) ((type)table(context)[fake_layout()->name])

static struct ibv_mr *reg_mr_ex_for_all(struct ibv_pd *pd, void *attr)
{
	struct ibv_mr *mr;

	mr = OP(pd->context,
		struct ibv_mr *
			(*)(struct ibv_pd *, void *, size_t, uint64_t, int),
		reg_mr)(pd, NULL, 0, 0, 0);
	mr->rkey = FAKE_BY_LIBIBVERBS;
	return mr;
}

EXPORT void *fake_new_context(void)
{
	const struct fake_layout *layout = fake_layout();
	char *start = calloc(1, layout->context_size);
	void **ops = calloc(layout->n_ops, sizeof(*ops));
	unsigned int i;

	if (!start || !ops)
		abort();
	tail(start)->priv =
		calloc(1, PRIV_HEADER + layout->n_ops * sizeof(*ops));
	tail(start)->sz = layout->context_size;
	tail(start)->context.abi_compat = (void *)UINTPTR_MAX;
	for (i = 0; i < layout->n_ops; i++)
		ops[i] = (void *)not_supported;
	if (!strcmp(layout->name, "64"))
		ops[fake_reg_mr_ex(layout)] = (void *)reg_mr_ex_for_all;
	verbs_set_ops(start, ops);
	free(ops);
	return start;
}

EXPORT void fake_free_context(struct ibv_context *context)
{
	struct verbs_context *end =
		(void *)((char *)context -
			 offsetof(struct verbs_context, context));

	free(end->priv);
	free((char *)context + sizeof(*context) - fake_layout()->context_size);
}

/* Drivers */

static const struct driver_ops *drivers[MAX_DRIVERS];
static int n_drivers;
static const struct driver_ops *driver_of_device;
static struct ibv_device device = {.name = "fake0"};
static struct ibv_device *device_list[] = {&device, NULL};

EXPORT void verbs_register_driver(const struct driver_ops *ops)
{
	if (n_drivers == MAX_DRIVERS)
		abort();
	drivers[n_drivers++] = ops;
}

static void load_driver(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s" SUFFIX, name);
	if (!dlopen(path, RTLD_NOW))
		fprintf(stderr, "libibverbs: %s\n", dlerror());
}

static void load_drivers(void)
{
	const char *env = getenv("IBV_DRIVERS");
	char name[4096];
	Dl_info info;

	if (env)
		load_driver(env);
	if (!dladdr((void *)load_drivers, &info))
		abort();
	snprintf(name, sizeof(name), "%.*s/libfake",
		 (int)(strrchr(info.dli_fname, '/') - info.dli_fname),
		 info.dli_fname);
	load_driver(name);
}

static void try_drivers(void)
{
	int i;

	for (i = 0; i < n_drivers && !driver_of_device; i++)
		if (drivers[i]->match_device(NULL))
			driver_of_device = drivers[i];
}

EXPORT struct ibv_device **ibv_get_device_list(int *n)
{
	try_drivers();
	if (!driver_of_device) {
		load_drivers();
		try_drivers();
	}
	*n = driver_of_device ? 1 : 0;
	return device_list;
}

EXPORT void ibv_free_device_list(struct ibv_device **list)
{
}

EXPORT struct ibv_context *ibv_open_device(struct ibv_device *dev)
{
	int cmd_fd = memfd_create("uverbs", MFD_CLOEXEC);
	void *verbs_context =
		driver_of_device->alloc_context(dev, cmd_fd, NULL);
	struct ibv_context *context = fake_context(verbs_context);

	context->device = dev;
	context->cmd_fd = cmd_fd;
	return context;
}

/* Verbs */

EXPORT int ibv_close_device(struct ibv_context *context)
{
	int cmd_fd = context->cmd_fd;

	OP(context, void (*)(struct ibv_context *), free_context)(context);
	close(cmd_fd);
	return 0;
}

EXPORT struct ibv_pd *ibv_alloc_pd(struct ibv_context *context)
{
	struct ibv_pd *pd;

	pd = OP(context, struct ibv_pd * (*)(struct ibv_context *),
		alloc_pd)(context);
	if (pd)
		pd->context = context;
	return pd;
}

EXPORT int ibv_dealloc_pd(struct ibv_pd *pd)
{
	free(pd);
	return 0;
}

#undef ibv_reg_mr
EXPORT struct ibv_mr *ibv_reg_mr(struct ibv_pd *pd, void *addr, size_t length,
				 int access)
{
	struct ibv_mr *mr;

	mr = OP(pd->context,
		struct ibv_mr *
			(*)(struct ibv_pd *, void *, size_t, uint64_t, int),
		reg_mr)(pd, addr, length, (uintptr_t)addr, access);
	if (mr) {
		mr->context = pd->context;
		mr->pd = pd;
	}
	return mr;
}

EXPORT struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *addr,
				       size_t length, uint64_t iova,
				       unsigned int access)
{
	return ibv_reg_mr(pd, addr, length, access);
}

EXPORT struct ibv_mr *ibv_reg_mr_ex(struct ibv_pd *pd, void *attr);

EXPORT struct ibv_mr *ibv_reg_mr_ex(struct ibv_pd *pd, void *attr)
{
	unsigned int index = fake_reg_mr_ex(fake_layout());
	struct ibv_mr *(*op)(struct ibv_pd *, void *);
	struct ibv_mr *mr;

	if (!index) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	*(void **)&op = table(pd->context)[index];
	mr = op(pd, attr);
	if (mr) {
		mr->context = pd->context;
		mr->pd = pd;
	}
	return mr;
}

EXPORT struct ibv_mr *ibv_import_mr(struct ibv_pd *pd, uint32_t handle)
{
	unsigned int index = FAKE_IMPORT_MR(fake_layout());
	struct ibv_mr *(*op)(struct ibv_pd *, uint32_t);
	struct ibv_mr *mr;

	*(void **)&op = table(pd->context)[index];
	mr = op(pd, handle);
	if (mr) {
		mr->context = pd->context;
		mr->pd = pd;
	}
	return mr;
}

EXPORT int ibv_dereg_mr(struct ibv_mr *mr)
{
	return OP(mr->context, int (*)(struct ibv_mr *), dereg_mr)(mr);
}

EXPORT int ibv_cmd_dereg_mr(struct ibv_mr *mr)
{
	return 0;
}
