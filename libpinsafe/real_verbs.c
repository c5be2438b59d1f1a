// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The functions that verbs_wrap.c stands in front of. */
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "lock.h"
#include "look_up.h"
#include "real_verbs.h"

struct hook {
	LIST_ENTRY(hook) link;
	struct ibv_context *context;
	struct real_verbs ops;
	bool is_adopted;
};

static struct ps_mutex hook_lock = PS_MUTEX_INITIALIZER;
static LIST_HEAD(, hook) hooks PS_GUARDED_BY(hook_lock) =
	LIST_HEAD_INITIALIZER(hooks);

static struct hook *find(const struct ibv_context *context)
	PS_REQUIRES(hook_lock)
{
	struct hook *hook;

	LIST_FOREACH(hook, &hooks, link)
		if (hook->context == context)
			return hook;
	return NULL;
}

int real_verbs_set(struct ibv_context *context, const struct real_verbs *ops)
{
	struct section section;
	struct hook *hook;
	int r = 0;

	section_enter(&section);
	ps_lock(&hook_lock);
	hook = find(context);
	if (!hook) {
		hook = calloc(1, sizeof(*hook));
		if (!hook) {
			r = ENOMEM;
			goto out_unlock;
		}
		hook->context = context;
		LIST_INSERT_HEAD(&hooks, hook, link);
	}
	if (ops->reg_mr)
		hook->ops.reg_mr = ops->reg_mr;
	if (ops->rereg_mr)
		hook->ops.rereg_mr = ops->rereg_mr;
	if (ops->dereg_mr)
		hook->ops.dereg_mr = ops->dereg_mr;
	if (ops->free_context)
		hook->ops.free_context = ops->free_context;
	if (ops->reg_mr_ex)
		hook->ops.reg_mr_ex = ops->reg_mr_ex;
	if (ops->import_mr)
		hook->ops.import_mr = ops->import_mr;
out_unlock:
	ps_unlock(&hook_lock);
	section_leave(&section);
	return r;
}

int real_verbs_get(struct ibv_context *context, struct real_verbs *ret_ops)
{
	struct section section;
	struct hook *hook;

	section_enter(&section);
	ps_lock(&hook_lock);
	hook = find(context);
	if (hook)
		*ret_ops = hook->ops;
	ps_unlock(&hook_lock);
	section_leave(&section);
	return hook ? 0 : ENOENT;
}

void real_verbs_remove(struct ibv_context *context)
{
	struct section section;
	struct hook *hook;

	section_enter(&section);
	ps_lock(&hook_lock);
	hook = find(context);
	if (hook)
		LIST_REMOVE(hook, link);
	ps_unlock(&hook_lock);
	section_leave(&section);
	free(hook);
}

int real_verbs_may_adopt(const struct ibv_context *context)
{
	struct hook *hook;
	int r = 0;

	ps_lock(&hook_lock);
	LIST_FOREACH(hook, &hooks, link)
		if (hook->is_adopted && hook->context != context &&
		    hook->context->cmd_fd == context->cmd_fd)
			r = EBUSY;
	ps_unlock(&hook_lock);
	return r;
}

void real_verbs_set_adopted(struct ibv_context *context)
{
	struct hook *hook;

	ps_lock(&hook_lock);
	hook = find(context);
	if (hook)
		hook->is_adopted = true;
	ps_unlock(&hook_lock);
}

bool real_verbs_is_adopted(const struct ibv_context *context)
{
	struct hook *hook;
	bool is_adopted;

	ps_lock(&hook_lock);
	hook = find(context);
	is_adopted = hook && hook->is_adopted;
	ps_unlock(&hook_lock);
	return is_adopted;
}

void real_verbs_disown(void (*fn)(struct ibv_context *context))
	PS_ATTR(no_thread_safety_analysis)
{
	struct hook *hook;

	LIST_FOREACH(hook, &hooks, link) {
		if (hook->is_adopted)
			fn(hook->context);
		hook->is_adopted = false;
	}
}

void real_verbs_fork_prepare(void) PS_ATTR(no_thread_safety_analysis)
{
	ps_lock(&hook_lock);
}

void real_verbs_fork_parent(void) PS_ATTR(no_thread_safety_analysis)
{
	ps_unlock(&hook_lock);
}

void real_verbs_fork_child(void) PS_ATTR(no_thread_safety_analysis)
{
	hook_lock = (struct ps_mutex)PS_MUTEX_INITIALIZER;
}

static struct real_private private_ops;
static pthread_once_t private_once = PTHREAD_ONCE_INIT;

/* By name, because a program may have loaded libibverbs with RTLD_LOCAL. */
static void *libibverbs_symbol(const char *name)
{
	void *handle, *symbol;

	handle = look_up_library("libibverbs.so.1", RTLD_NOW | RTLD_NOLOAD);
	if (!handle)
		return look_up(RTLD_NEXT, name);
	symbol = look_up(handle, name);
	dlclose(handle);
	return symbol;
}

static void private_resolve(void)
{
	/* ISO C has no cast from void * to a function. */
	*(void **)&private_ops.ibv_cmd_dereg_mr =
		libibverbs_symbol("ibv_cmd_dereg_mr");
	*(void **)&private_ops.verbs_set_ops =
		libibverbs_symbol("verbs_set_ops");
}

const struct real_private *real_private_get(void)
{
	pthread_once(&private_once, private_resolve);
	return private_ops.verbs_set_ops && private_ops.ibv_cmd_dereg_mr ?
		       &private_ops :
		       NULL;
}

static struct real_public public_ops;
static pthread_once_t public_once = PTHREAD_ONCE_INIT;

static void public_resolve(void)
{
	*(void **)&public_ops.reg_mr_iova2 =
		libibverbs_symbol("ibv_reg_mr_iova2");
	*(void **)&public_ops.dereg_mr = libibverbs_symbol("ibv_dereg_mr");
}

const struct real_public *real_public_get(void)
{
	pthread_once(&public_once, public_resolve);
	return public_ops.reg_mr_iova2 && public_ops.dereg_mr ? &public_ops :
								NULL;
}
