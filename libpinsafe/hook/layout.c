// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Learn the layout of the running libibverbs without its private headers.
 *
 * verbs_set_ops() copies the pointers of a table into a context.  We pass it a
 * table of marks and a context of our own, and find the marks again: in the
 * private table, and in fields of the public structs, whose names tell which
 * operation has which mark.
 *
 * The table is sorted by name (libibverbs/driver.h, "Keep sorted"), which gives
 * free_context: it stands right before free_dm; and two more.  This was compared
 * with the headers of all releases from rdma-core 36 to 65.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "hook/layout.h"

#define MAX_OPS 512		/* room for tables of the future */
#define MIN_OPS 76		/* rdma-core 36 */
#define MAX_PRIV_HEADER 512	/* bytes before the table in the private part */
#define MAX_CONTEXT_SIZE 2048
/* abi_compat of a struct ibv_context inside a struct verbs_context */
#define EXTENDED_ABI ((void *)UINTPTR_MAX)

/* Odd, so that no mark can be mistaken for a pointer that was there before */
#define MARK(i) ((void *)(uintptr_t)(0x10001 + 16 * (i)))

static unsigned int unmark(const void *mark)
{
	uintptr_t n = (uintptr_t)mark - (uintptr_t)MARK(0);

	return n % 16 == 0 && n / 16 < MAX_OPS ? n / 16 : MAX_OPS;
}

/* Functions, as the public structs declare them, become plain pointers. */
#define UNMARK(field) unmark((const void *)(uintptr_t)(field))

/* The public header knows the end of the struct only; it grows at the front. */
static struct verbs_context *tail(struct ibv_context *context)
{
	return (void *)((char *)context -
			offsetof(struct verbs_context, context));
}

static bool find_private_table(const char *priv, struct ops_layout *layout)
{
	size_t offset;
	unsigned int n = 0;

	for (offset = 0; offset < MAX_PRIV_HEADER; offset += sizeof(void *))
		if (*(void *const *)(priv + offset) == MARK(0))
			break;
	while (((void *const *)(priv + offset))[n] == MARK(n) && n < MAX_OPS)
		n++;
	layout->priv_ops = offset;
	layout->n_ops = n;
	return n >= MIN_OPS && n < MAX_OPS;
}

static bool read_marks(struct ibv_context *context, struct ops_layout *layout)
{
	struct verbs_context *public = tail(context);
	unsigned int n = layout->n_ops, free_dm;

	layout->reg_mr = UNMARK(context->ops._compat_reg_mr);
	layout->rereg_mr = UNMARK(context->ops._compat_rereg_mr);
	layout->dereg_mr = UNMARK(context->ops._compat_dereg_mr);
	free_dm = UNMARK(public->free_dm);
	layout->free_context = free_dm - 1;
	return layout->reg_mr < n && layout->rereg_mr < n &&
	       layout->dereg_mr < n && free_dm > 0 && free_dm < n &&
	       /* The order of names, as far as it can be seen */
	       layout->dereg_mr < free_dm && free_dm < layout->reg_mr &&
	       layout->reg_mr < layout->rereg_mr;
}

/*
 * Two more that no public struct has.  If they are not where they are expected
 * they are left alone: then these verbs are not looked at.
 */
static void find_neighbours(struct ibv_context *context,
			    struct ops_layout *layout)
{
	unsigned int notify = UNMARK(context->ops.req_notify_cq);
	unsigned int get_srq_num = UNMARK(tail(context)->get_srq_num);
	unsigned int modify_cq = UNMARK(tail(context)->modify_cq);

	/* reg_mr, reg_mr_ex, req_notify_cq, rereg_mr */
	layout->reg_mr_ex = 0;
	if (notify == layout->reg_mr + 2 && notify == layout->rereg_mr - 1)
		layout->reg_mr_ex = layout->reg_mr + 1;
	/* get_srq_num, import_dm, import_mr, import_pd, modify_cq */
	layout->import_mr = 0;
	if (get_srq_num > layout->free_context && modify_cq < layout->reg_mr &&
	    modify_cq == get_srq_num + 4)
		layout->import_mr = get_srq_num + 2;
}

static bool probe(const struct real_private *real, size_t context_size,
		  struct ops_layout *layout)
{
	void **marks = calloc(MAX_OPS, sizeof(*marks));
	char *priv = calloc(MAX_OPS + MAX_PRIV_HEADER, sizeof(void *));
	char *fake = calloc(1, context_size);
	struct ibv_context *context;
	bool ok = false;
	size_t i;

	if (!marks || !priv || !fake)
		goto out_free;
	for (i = 0; i < MAX_OPS; i++)
		marks[i] = MARK(i);
	context = (void *)(fake + context_size - sizeof(*context));
	tail(context)->priv = (void *)priv;
	real->verbs_set_ops(fake, marks);

	layout->context_size = context_size;
	ok = find_private_table(priv, layout) && read_marks(context, layout);
	if (ok)
		find_neighbours(context, layout);
out_free:
	free(marks);
	free(priv);
	free(fake);
	return ok;
}

const struct ops_layout *layout_get(const struct real_private *real,
				    size_t context_size)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static struct ops_layout layout;
	static bool is_probed, is_known;
	bool ok;

	if (context_size < offsetof(struct verbs_context, context) -
				   offsetof(struct verbs_context, priv) +
				   sizeof(struct ibv_context) ||
	    context_size > MAX_CONTEXT_SIZE)
		return NULL;
	pthread_mutex_lock(&mutex);
	if (!is_probed)
		is_known = probe(real, context_size, &layout);
	is_probed = true;
	ok = is_known && layout.context_size == context_size;
	pthread_mutex_unlock(&mutex);
	return ok ? &layout : NULL;
}

void **layout_ops(const struct ops_layout *layout, struct ibv_context *context)
{
	return (void **)((char *)tail(context)->priv + layout->priv_ops);
}

bool layout_is_consistent(const struct ops_layout *layout,
			  struct ibv_context *context)
{
	void **ops = layout_ops(layout, context);

	return ops[layout->reg_mr] == (void *)context->ops._compat_reg_mr &&
	       ops[layout->rereg_mr] == (void *)context->ops._compat_rereg_mr &&
	       ops[layout->dereg_mr] == (void *)context->ops._compat_dereg_mr;
}

void *layout_verbs_context(const struct ops_layout *layout,
			   struct ibv_context *context)
{
	return (char *)context + sizeof(*context) - layout->context_size;
}

size_t layout_context_size(const struct ibv_context *context)
{
	if (!context || context->abi_compat != EXTENDED_ABI)
		return 0;
	return tail((struct ibv_context *)context)->sz;
}

struct ibv_context *layout_find_context(void *verbs_context)
{
	char *start = verbs_context;
	struct ibv_context *context;
	size_t offset;

	/* sz is the word whose value is where struct ibv_context ends. */
	for (offset = 0; offset < MAX_CONTEXT_SIZE; offset += sizeof(size_t)) {
		if (*(size_t *)(start + offset) !=
		    offset + sizeof(size_t) + sizeof(*context))
			continue;
		context = (void *)(start + offset + sizeof(size_t));
		if (context->abi_compat == EXTENDED_ABI)
			return context;
	}
	return NULL;
}
