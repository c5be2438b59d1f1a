// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Public entry points: what is there, and what would happen. */
#include <errno.h>
#include <string.h>

#include <infiniband/pinsafe.h>

#include "base/export.h"
#include "hook/odp.h"
#include "hook/real_verbs.h"
#include "machine/lease_provider.h"
#include "policy/options.h"

static uint32_t guards_of_kernel(void)
{
	struct lease_provider provider;

	if (!leases_are_enabled(false))
		return 0;
	lease_provider_find(&provider);
	if (lease_provider_is_alive(&provider))
		return PINSAFE_GUARD_BIT(PINSAFE_GUARD_LEASE) |
		       PINSAFE_GUARD_BIT(PINSAFE_GUARD_LAYOUT);
	return PINSAFE_GUARD_BIT(PINSAFE_GUARD_LEASE);
}

PINSAFE_EXPORT int pinsafe_query_device(struct ibv_context *context,
					struct pinsafe_device_attr *attr,
					size_t size)
{
	struct pinsafe_device_attr known = { 0 };
	struct real_verbs real;

	if (!context || !attr || size < sizeof(known.comp_mask))
		return EINVAL;
	known.is_hooked = !real_verbs_get(context, &real);
	known.guards = guards_of_kernel();
	if (odp_is_offered(context))
		known.guards |= PINSAFE_GUARD_BIT(PINSAFE_GUARD_ODP);
	known.lease_break_time_s = lease_break_time_s();
	memset(attr, 0, size);
	memcpy(attr, &known, size < sizeof(known) ? size : sizeof(known));
	return 0;
}

/* The registration itself, undone at once */
static int try(struct ibv_pd *pd, void *addr, size_t length, int access,
	       struct pinsafe_check_result *result)
{
	const struct real_public *verbs = real_public_get();
	struct reg_options options = { .timeout_ms = 0, .check = result };
	struct ibv_mr *mr;

	options_set(&options);
	mr = verbs->reg_mr_iova2(pd, addr, length, (uintptr_t)addr, access);
	if (!mr)
		result->error = errno ?: EIO;
	options_set(NULL);
	if (mr)
		return verbs->dereg_mr(mr);
	if (!result->reason[0])
		strncpy(result->reason, strerror(result->error),
			sizeof(result->reason) - 1);
	return 0;
}

PINSAFE_EXPORT int pinsafe_check(struct ibv_pd *pd, void *addr, size_t length,
				 int access, struct pinsafe_check_result *result,
				 size_t size)
{
	struct pinsafe_check_result known = { 0 };
	struct real_verbs real;
	int r;

	if (!pd || !result || size < sizeof(known.comp_mask))
		return EINVAL;
	if (!real_public_get())
		return ENOSYS;
	if (real_verbs_get(pd->context, &real))
		return EOPNOTSUPP;
	r = try(pd, addr, length, access, &known);
	if (r)
		return r;
	memset(result, 0, size);
	memcpy(result, &known, size < sizeof(known) ? size : sizeof(known));
	return 0;
}
