// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Finding the way around in a context of known layout */
#include <string.h>

#include "hook/layout.h"
#include "lib/test.h"

#define EXTENDED_ABI ((void *)UINTPTR_MAX)

/* Room for the probe to look around in */
static _Alignas(16) char memory[8192];
static _Alignas(16) char private[4096];

static const struct ops_layout layout = {
	.context_size = 696,
	.priv_ops = 24,
	.n_ops = 93,
	.reg_mr = 82,
	.rereg_mr = 85,
	.dereg_mr = 32,
	.free_context = 46,
};

static struct ibv_context *make(size_t size)
{
	struct verbs_context *tail = (void *)(memory + size - sizeof(*tail));

	memset(memory, 0, sizeof(memory));
	memset(private, 0, sizeof(private));
	tail->priv = (void *)private;
	tail->sz = size;
	tail->context.abi_compat = EXTENDED_ABI;
	return &tail->context;
}

CASE(find__any_size)
{
	static const size_t sizes[] = { 648, 696, 1024, 1280 };
	struct ibv_context *context;
	size_t i;

	for (i = 0; i < N_OF(sizes); i++) {
		context = make(sizes[i]);
		assert_ptr_equal(layout_find_context(memory), context);
	}
}

CASE(find__size_does_not_fit)
{
	struct ibv_context *context = make(696);
	struct verbs_context *tail =
		(void *)((char *)context -
			 offsetof(struct verbs_context, context));

	tail->sz = 648;
	assert_null(layout_find_context(memory));
}

CASE(find__old_abi)
{
	make(696)->abi_compat = NULL;
	assert_null(layout_find_context(memory));
}

CASE(size__as_noted)
{
	assert_int_equal(layout_context_size(make(648)), 648);
	assert_int_equal(layout_context_size(make(696)), 696);
}

CASE(size__old_abi_0)
{
	struct ibv_context *context = make(648);

	context->abi_compat = NULL;
	assert_int_equal(layout_context_size(context), 0);
}

CASE(size__NULL_0)
{
	assert_int_equal(layout_context_size(NULL), 0);
}

CASE(verbs_context__start_of_the_memory)
{
	struct ibv_context *context = make(696);

	assert_ptr_equal(layout_verbs_context(&layout, context), memory);
}

CASE(ops__in_the_private_part)
{
	struct ibv_context *context = make(696);

	assert_ptr_equal(layout_ops(&layout, context), private + 24);
}

static struct ibv_context *make_consistent(void)
{
	struct ibv_context *context = make(696);
	void **ops = layout_ops(&layout, context);

	ops[layout.reg_mr] = memory + 1;
	ops[layout.rereg_mr] = memory + 2;
	ops[layout.dereg_mr] = memory + 3;
	*(void **)&context->ops._compat_reg_mr = memory + 1;
	*(void **)&context->ops._compat_rereg_mr = memory + 2;
	*(void **)&context->ops._compat_dereg_mr = memory + 3;
	return context;
}

CASE(consistent__all_agree)
{
	assert_true(layout_is_consistent(&layout, make_consistent()));
}

CASE(consistent__one_differs)
{
	static const unsigned int indices[] = { 82, 85, 32 };
	struct ibv_context *context;
	size_t i;

	for (i = 0; i < N_OF(indices); i++) {
		context = make_consistent();
		layout_ops(&layout, context)[indices[i]] = memory + 4;
		assert_false(layout_is_consistent(&layout, context));
	}
}
