// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* verbs_set_ops() of a libibverbs with any layout */
#include <string.h>

#include <infiniband/verbs.h>

#include "fake_set_ops.h"

struct fake_set_ops fake_set_ops_layout;

#define SET(field, index)                                  \
	do {                                               \
		if ((index) != NOWHERE)                    \
			*(void **)&(field) = table[index]; \
	} while (0)

void fake_set_ops(void *verbs_context, const void *ops)
{
	const struct fake_set_ops *layout = &fake_set_ops_layout;
	/* The end of the struct is the same in all releases. */
	char *end = (char *)verbs_context + layout->context_size;
	struct verbs_context *tail = (void *)(end - sizeof(*tail));
	void *const *table = ops;

	memcpy((char *)tail->priv + layout->priv_ops, table,
	       layout->n_ops * sizeof(*table));
	SET(tail->context.ops._compat_reg_mr, layout->reg_mr);
	SET(tail->context.ops._compat_rereg_mr, layout->rereg_mr);
	SET(tail->context.ops._compat_dereg_mr, layout->dereg_mr);
	SET(tail->free_dm, layout->free_dm);
	SET(tail->context.ops.req_notify_cq, layout->req_notify_cq);
	SET(tail->get_srq_num, layout->get_srq_num);
	SET(tail->modify_cq, layout->modify_cq);
}
