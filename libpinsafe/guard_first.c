// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The short way of most registrations: memory of no file, in a process that
 * guards nothing.  Where the kernel refuses whatever would need a guard, the
 * memory is registered first, and looked at only if that fails.
 *
 * With a lease the kernel pins pages of its file.  So this way is closed while
 * there is one, and whoever went it while one was taken looks all the same.
 */
#include "config.h"
#include "guard.h"
#include "lease.h"
#include "pin_rule.h"
#include "refusal.h"
#include "registration.h"
#include "retired.h"

/* The kernel pins memory that only a policy guards, and for devices that read */
static bool may_go_first(const struct registration *reg)
{
	return reg->is_written && !reg->options && !lease_is_any() &&
	       pin_rule_is_strict() && !config_may_guard_shmem();
}

static bool is_of_no_file(const struct registration *reg)
{
	struct section section;
	struct mapping now;
	bool has_none;
	int r;

	section_enter(&section);
	r = guard_find_files(reg->addr, reg->length, &now);
	section_leave(&section);
	if (r)
		return false;
	has_none = !now.n_parts;
	mapping_put(&now);
	return has_none;
}

bool guard_register_first(struct registration *reg)
{
	uint64_t n_taken = lease_n_taken();

	if (!may_go_first(reg))
		return false;
	reg->mr = retired_reg_mr(reg->real, reg->pd, reg->addr, reg->length,
				 reg->iova, reg->access, NULL);
	if (!reg->mr)
		return false;
	if (lease_n_taken() == n_taken || is_of_no_file(reg))
		return true;
	if (reg->real->dereg_mr(reg->mr))
		refusal_remapped_stuck(reg->mr->lkey);
	reg->mr = NULL;
	return false;
}
