// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Ways to pin memory, or to get a memory region, other than ibv_reg_mr(); see
 * Documentation/entry-points.md.  What they do to memory that needs a guard is
 * either the same as ibv_reg_mr(), or it is refused.
 */
#include <errno.h>

#include "base/log.h"
#include "choice.h"
#include "guard.h"
#include "policy/config.h"
#include "refusal/refusal.h"

static int check_parts(const struct mapping *mapping, const char *entry)
{
	struct choice choice;
	size_t i;
	int r;

	for (i = 0; i < mapping->n_parts; i++) {
		r = choice_make(&mapping->parts[i], true, NULL, &choice);
		if (!r && choice.guard != GUARD_NONE)
			r = refusal_entry(&mapping->parts[i], entry);
		if (!r)
			continue;
		if (!refusal_is_only_warning(mapping))
			return r;
		refusal_let_pass(&mapping->parts[i]);
		return 0;
	}
	return 0;
}

int guard_check_pin(const void *addr, size_t length, const char *entry)
{
	struct mapping mapping;
	int r;

	if (config_get()->off || !length)
		return 0;
	SECTION(section);
	r = guard_classify(addr, length, &mapping);
	if (!r) {
		r = check_parts(&mapping, entry);
		mapping_put(&mapping);
	}
	return r;
}

/* Nothing but memory: as ibv_reg_mr_iova() */
static bool is_plain(const struct mr_init_attr *attr)
{
	return attr->comp_mask & MR_INIT_ADDR &&
	       !(attr->comp_mask & ~(uint64_t)(MR_INIT_ADDR | MR_INIT_IOVA));
}

struct ibv_mr *guard_reg_mr_ex(const struct real_verbs *real, struct ibv_pd *pd,
			       struct mr_init_attr *attr)
{
	uint64_t iova;
	int r;

	if (is_plain(attr)) {
		iova = attr->comp_mask & MR_INIT_IOVA ? attr->iova
						      : (uintptr_t)attr->addr;
		return guard_reg_mr(real, pd, attr->addr, attr->length, iova,
				    attr->access);
	}
	if (attr->comp_mask & MR_INIT_ADDR &&
	    !(attr->access & IBV_ACCESS_ON_DEMAND)) {
		r = guard_check_pin(attr->addr, attr->length, "ibv_reg_mr_ex");
		if (r) {
			errno = r;
			return NULL;
		}
	}
	return real->reg_mr_ex(pd, attr);
}

struct ibv_mr *guard_import_mr(const struct real_verbs *real, struct ibv_pd *pd,
			       uint32_t handle)
{
	static char was_said;

	if (!__atomic_test_and_set(&was_said, __ATOMIC_RELAXED))
		log_warn("guard: ibv_import_mr(): nobody can tell which memory is under an imported memory region: NOT PROTECTED by this process");
	return real->import_mr(pd, handle);
}
