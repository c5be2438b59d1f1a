// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Put our operations in front of a provider's, in each context.
 *
 * A context is either hooked completely, with the way to the kernel redirected
 * for its zombies, or left alone, which the log says once: NOT PROTECTED.  With
 * PINSAFE_STRICT=1 such a context never gets its provider's operations, and
 * each of its verbs fails with EOPNOTSUPP.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fork.h"
#include "base/log.h"
#include "hook/engine.h"
#include "hook/layout.h"
#include "hook/redirect.h"
#include "policy/config.h"

static const struct engine_front *front;

void engine_set_front(const struct engine_front *f)
{
	front = f;
}

static void not_protected(const struct ibv_context *context, const char *why)
{
	static char was_said;

	if (__atomic_test_and_set(&was_said, __ATOMIC_RELAXED))
		return;
	log_error("engine: %s: NOT PROTECTED: %s%s",
		  context && context->device ? context->device->name :
					       "a device",
		  why,
		  config_get()->strict ?
			  "; PINSAFE_STRICT=1: its verbs fail with EOPNOTSUPP" :
			  "");
}

/* libibverbs gives a new context its dummy operations first. */
static bool is_libibverbs(const void *caller)
{
	const struct real_private *real = real_private_get();
	Dl_info a, b;

	return dladdr(caller, &a) && dladdr((void *)real->verbs_set_ops, &b) &&
	       a.dli_fbase == b.dli_fbase;
}

/*
 * The operations that a provider sets.  NULL: it leaves it, or it is ours, or that
 * which libibverbs has for providers without it
 */
static void read_ops(const struct ops_layout *layout, void *const *ops,
		     struct real_verbs *ret_real)
{
	enum verb verb;
	void *op;

	for (verb = 0; verb < N_VERBS; verb++) {
		op = layout->of[verb] ? ops[layout->of[verb]] : NULL;
		if (op == front->ops->of[verb] ||
		    (op && verb >= VERB_REREG_MR && is_libibverbs(op)))
			op = NULL;
		ret_real->of[verb] = op;
	}
}

/* A zombie must not reach the kernel: its handle may be another object's. */
static int redirect_provider(const struct real_verbs *real)
{
	if (!real->dereg_mr)
		return 0;
	return redirect_import((const void *)real->dereg_mr, "ibv_cmd_dereg_mr",
			       (void *)front->cmd_dereg_mr);
}

static int hook(const struct ops_layout *layout, struct ibv_context *context)
{
	struct real_verbs real;
	enum verb verb;
	bool is_hooked;
	void **ops;
	int r;

	/* A provider may set operations more than once: keep what is ours. */
	is_hooked = !real_verbs_get(context, &real);
	read_ops(layout, layout_ops(layout, context), &real);
	ops = calloc(layout->n_ops, sizeof(*ops));
	if (!ops)
		return ENOMEM;
	r = real_verbs_set(context, &real);
	if (r) {
		free(ops);
		return r;
	}
	for (verb = 0; verb < N_VERBS; verb++)
		if (verb <= VERB_REREG_MR || real.of[verb])
			ops[layout->of[verb]] = front->ops->of[verb];
	real_private_get()->verbs_set_ops(layout_verbs_context(layout, context),
					  ops);
	free(ops);
	if (!is_hooked)
		log_debug("engine: %s: hooked, %u operations",
			  context->device ? context->device->name : "?",
			  layout->n_ops);
	return 0;
}

/* NULL, or why the context cannot be guarded.  Does not touch it. */
static const char *prepare(const struct ops_layout *layout, const void *ops)
{
	struct real_verbs real;

	if (!layout)
		return "the layout of this libibverbs is not known";
	read_ops(layout, ops, &real);
	if (redirect_provider(&real))
		return "calls of its provider to the kernel cannot be redirected";
	return fork_setup() ? "out of memory" : NULL;
}

/* Forward @ops and hook; on failure the context is as it was before. */
static const char *set_and_hook(const struct ops_layout *layout,
				struct ibv_context *context, const void *ops)
{
	void *verbs_context = layout_verbs_context(layout, context);
	size_t size = layout->n_ops * sizeof(void *);
	const char *why = NULL;
	void **before;

	before = malloc(size);
	if (!before)
		return "out of memory";
	memcpy(before, layout_ops(layout, context), size);

	real_private_get()->verbs_set_ops(verbs_context, ops);
	if (!layout_is_consistent(layout, context))
		why = "public and private operations of the context differ";
	else if (hook(layout, context))
		why = "out of memory";
	if (why)
		real_private_get()->verbs_set_ops(verbs_context, before);
	free(before);
	return why;
}

void engine_set_ops(void *verbs_context, const void *ops, const void *caller)
{
	const struct real_private *private = real_private_get();
	const struct ops_layout *layout;
	struct ibv_context *context;
	const char *why;

	if (!private) {
		log_error("engine: NOT PROTECTED: no libibverbs is found");
		return;
	}
	if (config_get()->off || is_libibverbs(caller)) {
		private->verbs_set_ops(verbs_context, ops);
		return;
	}

	context = layout_find_context(verbs_context);
	layout = layout_get(private, layout_context_size(context));
	why = prepare(layout, ops);
	if (!why)
		why = set_and_hook(layout, context, ops);
	if (!why)
		return;
	not_protected(context, why);
	if (!config_get()->strict)
		private->verbs_set_ops(verbs_context, ops);
}

int engine_attach(struct ibv_context *context)
{
	const struct real_private *private;
	const struct ops_layout *layout;
	struct real_verbs real;
	const char *why;
	size_t size;

	size = layout_context_size(context);
	if (!size)
		return EINVAL;
	if (!real_verbs_get(context, &real))
		return 0;
	private = real_private_get();
	if (config_get()->off || !private)
		return EOPNOTSUPP;
	layout = layout_get(private, size);
	why = prepare(layout, layout ? layout_ops(layout, context) : NULL);
	if (!why && !layout_is_consistent(layout, context))
		why = "public and private operations of the context differ";
	if (why) {
		log_error("engine: %s: not attached: %s",
			  context->device->name, why);
		return EOPNOTSUPP;
	}
	return hook(layout, context);
}
