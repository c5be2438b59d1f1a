// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The short way of most registrations, which are of memory of no file: register
 * first, and look after it.
 *
 * Where nothing is leased and the kernel refuses whatever would need a guard, not
 * even that is needed.  With a lease the kernel pins pages of its file, as older
 * ones pin all page caches; so then this way is for memory that is seen to be
 * anonymous page by page, before, and once it is pinned.
 */
#include "lease.h"
#include "machine/pin_rule.h"
#include "memory/pages.h"
#include "policy/config.h"
#include "refusal/refusal.h"
#include "registration.h"
#include "retired.h"

/* The kernel pins for devices that only read, and what only a policy guards. */
static bool is_refused_by_kernel(const struct registration *reg)
{
	return reg->is_written && !lease_is_any() &&
	       !config_may_guard_shmem() && pin_rule_is_strict();
}

static bool may_go_first(const struct registration *reg, bool is_refused)
{
	if (reg->options)
		return false;
	return is_refused ||
	       pages_seem_anonymous((uintptr_t)reg->addr, reg->length);
}

/* It is pinned, so its pages are there. */
static bool is_anonymous(const struct registration *reg)
{
	uintptr_t addr = (uintptr_t)reg->addr;

	if (!pages_are_anonymous(addr, reg->length))
		return false;
	pages_note(addr, reg->length, true);
	return true;
}

bool guard_register_first(struct registration *reg)
{
	uint64_t n_taken = lease_n_taken();
	bool is_refused = is_refused_by_kernel(reg), are_files = true;

	if (!may_go_first(reg, is_refused))
		return false;
	reg->mr = retired_reg_mr(reg->real, reg->pd, reg->addr, reg->length,
				 reg->iova, reg->access, NULL);
	if (!reg->mr)
		return false;
	if (is_refused && lease_n_taken() == n_taken)
		return true;
	if (is_anonymous(reg) ||
	    (!guard_look_for_files(reg, &are_files) && !are_files))
		return true;
	if (reg->real->dereg_mr(reg->mr))
		refusal_remapped_stuck(reg->mr->lkey);
	reg->mr = NULL;
	return false;
}
