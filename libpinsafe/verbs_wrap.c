// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The verbs that we stand in front of, one context operation each, whichever
 * public function they were reached through.  No policy: each body hands over
 * to guard*.c.  ibv_reg_mr, ibv_reg_mr_iova and ibv_reg_mr_iova2 all end in
 * reg_mr.
 */
#include <errno.h>

#include "base/fork.h"
#include "guard.h"
#include "track.h"
#include "verbs_wrap.h"

/* The provider's operations; EINVAL, and errno: the context is not hooked. */
static int find(struct ibv_context *context, struct real_verbs *ret_real)
{
	fork_check();
	if (!real_verbs_get(context, ret_real))
		return 0;
	errno = EINVAL;
	return EINVAL;
}

static struct ibv_mr *wrap_reg_mr(struct ibv_pd *pd, void *addr, size_t length,
				  uint64_t iova, int access)
{
	struct real_verbs real;

	if (find(pd->context, &real))
		return NULL;
	return guard_reg_mr(&real, pd, addr, length, iova, access);
}

static int wrap_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd,
			 void *addr, size_t length, int access)
{
	struct real_verbs real;

	if (find(mr->context, &real))
		return IBV_REREG_MR_ERR_INPUT;
	return guard_rereg_mr(&real, mr, flags, pd, addr, length, access);
}

static int wrap_dereg_mr(struct ibv_mr *mr)
{
	struct real_verbs real;

	return find(mr->context, &real) ?: guard_dereg_mr(&real, mr);
}

static void wrap_free_context(struct ibv_context *context)
{
	struct real_verbs real;

	if (!find(context, &real))
		guard_free_context(&real, context);
}

static struct ibv_mr *wrap_reg_mr_ex(struct ibv_pd *pd,
				     struct mr_init_attr *attr)
{
	struct real_verbs real;

	return find(pd->context, &real) ? NULL
					: guard_reg_mr_ex(&real, pd, attr);
}

static struct ibv_mr *wrap_import_mr(struct ibv_pd *pd, uint32_t handle)
{
	struct real_verbs real;

	return find(pd->context, &real) ? NULL
					: guard_import_mr(&real, pd, handle);
}

const struct real_verbs verbs_wrap_ops = {
	.reg_mr = wrap_reg_mr,
	.rereg_mr = wrap_rereg_mr,
	.dereg_mr = wrap_dereg_mr,
	.free_context = wrap_free_context,
	.reg_mr_ex = wrap_reg_mr_ex,
	.import_mr = wrap_import_mr,
};

static int cmd_dereg_mr(struct ibv_mr *mr)
{
	int r;

	if (track_swallow_dereg(mr))
		return 0;
	r = real_private_get()->ibv_cmd_dereg_mr(mr);
	if (!r)
		track_freeing(mr);
	return r;
}

int verbs_wrap_cmd_dereg_mr(struct ibv_mr *mr)
{
	if (!track_may_have(mr))
		return real_private_get()->ibv_cmd_dereg_mr(mr);
	/* Two system calls less, as this is in a section already. */
	if (guard_is_in_dereg_of(mr))
		return cmd_dereg_mr(mr);
	SECTION(section);
	return cmd_dereg_mr(mr);
}
