// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The functions that verbs_wrap.c stands in front of. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/look_up.h"
#include "hook/real_verbs.h"

/*
 * Every registration asks for one, so that needs no lock: a hook stays in the
 * list for ever, and is used again for another context when its own is closed.
 * Nobody asks for a context that is being opened or closed.
 */
struct hook {
	struct hook *next;
	_Atomic(struct ibv_context *) context; /* NULL: free */
	struct real_verbs ops;	/* each an atomic */
	bool has_device PS_GUARDED_BY(hook_lock);
	struct real_device device PS_GUARDED_BY(hook_lock);
};

static _Atomic(struct hook *) hooks;

#define FOREACH_HOOK(hook) \
	for (hook = atomic_load(&hooks); hook; hook = hook->next)

/* NULL: one that is free */
static struct hook *find(const struct ibv_context *context)
{
	struct hook *hook;

	FOREACH_HOOK(hook)
		if (hook->context == context)
			return hook;
	return NULL;
}

static struct hook *new_hook(struct ibv_context *context)
	PS_REQUIRES(hook_lock)
{
	struct hook *hook = find(NULL);

	if (!hook) {
		hook = calloc(1, sizeof(*hook));
		if (!hook)
			return NULL;
		hook->next = hooks;
		hooks = hook;
	}
	hook->context = context;
	return hook;
}

int real_verbs_set(struct ibv_context *context, const struct real_verbs *ops)
{
	struct hook *hook;
	enum verb verb;
	SECTION(section);

	ps_lock(&hook_lock);
	hook = find(context) ?: new_hook(context);
	for (verb = 0; hook && verb < N_VERBS; verb++)
		if (ops->of[verb])
			__atomic_store_n(&hook->ops.of[verb], ops->of[verb],
					 __ATOMIC_RELEASE);
	ps_unlock(&hook_lock);
	return hook ? 0 : ENOMEM;
}

int real_verbs_get(struct ibv_context *context, struct real_verbs *ret_ops)
{
	const struct hook *hook = context ? find(context) : NULL;
	enum verb verb;

	for (verb = 0; hook && verb < N_VERBS; verb++)
		ret_ops->of[verb] =
			__atomic_load_n(&hook->ops.of[verb], __ATOMIC_ACQUIRE);
	return hook ? 0 : ENOENT;
}

void real_verbs_remove(struct ibv_context *context)
{
	struct hook *hook;
	SECTION(section);

	ps_lock(&hook_lock);
	hook = find(context);
	if (hook) {
		memset(&hook->ops, 0, sizeof(hook->ops));
		hook->has_device = false;
		hook->context = NULL;
	}
	ps_unlock(&hook_lock);
}

void real_verbs_set_device(struct ibv_context *context,
			   const struct real_device *device)
{
	struct hook *hook;

	ps_lock(&hook_lock);
	hook = find(context);
	if (hook) {
		hook->has_device = true;
		hook->device = *device;
	}
	ps_unlock(&hook_lock);
}

int real_verbs_get_device(const struct ibv_context *context,
			  struct real_device *ret_device)
{
	struct hook *hook;
	int r = ENOENT;

	ps_lock(&hook_lock);
	hook = find(context);
	if (hook && hook->has_device) {
		*ret_device = hook->device;
		r = 0;
	}
	ps_unlock(&hook_lock);
	return r;
}

void real_verbs_disown(void (*fn)(struct ibv_context *context))
	PS_ATTR(no_thread_safety_analysis)
{
	struct hook *hook;

	FOREACH_HOOK(hook) {
		if (hook->has_device)
			fn(hook->context);
		hook->has_device = false;
	}
}

static struct real_private private_ops;
static struct real_public public_ops;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* By name, because a program may have loaded libibverbs with RTLD_LOCAL. */
static void *find_symbol(const char *name)
{
	return look_up_in("libibverbs.so.1", name) ?: look_up(RTLD_NEXT, name);
}

static void resolve(void)
{
	/* ISO C has no cast from void * to a function. */
	*(void **)&private_ops.ibv_cmd_dereg_mr = find_symbol("ibv_cmd_dereg_mr");
	*(void **)&private_ops.verbs_set_ops = find_symbol("verbs_set_ops");
	*(void **)&public_ops.reg_mr_iova2 = find_symbol("ibv_reg_mr_iova2");
	*(void **)&public_ops.dereg_mr = find_symbol("ibv_dereg_mr");
}

const struct real_private *real_private_get(void)
{
	pthread_once(&once, resolve);
	return private_ops.verbs_set_ops && private_ops.ibv_cmd_dereg_mr ?
		       &private_ops :
		       NULL;
}

const struct real_public *real_public_get(void)
{
	pthread_once(&once, resolve);
	return public_ops.reg_mr_iova2 && public_ops.dereg_mr ? &public_ops :
								NULL;
}
