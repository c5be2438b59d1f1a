// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Registrations without a guard: of memory that needs none, or by policy. */
#include <errno.h>
#include <unistd.h>

#include "base/stats.h"
#include "lease.h"
#include "machine/pin_count.h"
#include "machine/pin_rule.h"
#include "memory/mapping.h"
#include "policy/config.h"
#include "refusal/refusal.h"
#include "registration.h"
#include "retired.h"

/* Where the kernel has seen a file that nobody else sees */
#define MAX_TRIES 16

/* Nobody owns what is stuck then; it has no lease to keep. */
int guard_unneeded_unseen(struct registration *reg)
{
	return retired_reg_mr(reg, reg->addr, reg->access, NULL);
}

static bool has_private_dax(struct registration *reg)
{
	SECTION(section);

	return mapping_has_private_dax((uintptr_t)reg->addr, reg->length,
				       gettid(), &reg->cause);
}

/*
 * With a lease the kernel pins pages of the file for any registration of this
 * process, also if they were mapped there just now.
 */
static int look_again(struct registration *reg, bool *ret_is_replaced)
{
	bool is_replaced = false;
	int r = guard_look_for_files(reg, &is_replaced);

	if (!r && !is_replaced)
		return 0;
	if (r)
		refusal_no_maps(r);
	if (reg->real->dereg_mr(reg->mr)) {
		refusal_remapped_stuck(reg->mr->lkey);
		/* Not again: it would be one more that nobody can destroy. */
		is_replaced = false;
	}
	*ret_is_replaced = is_replaced;
	return r ?: EAGAIN;
}

/*
 * EOPNOTSUPP: of files with DAX, which were not there a moment ago, and may not be
 * any more; or of what the device cannot.
 */
static int register_unless_files(struct registration *reg,
				 bool *ret_is_replaced)
{
	unsigned int n_tries = 0;
	int r;

	do {
		r = guard_unneeded_unseen(reg);
		if (r != EOPNOTSUPP)
			return r;
		(void)guard_look_for_files(reg, ret_is_replaced);
		if (!*ret_is_replaced && has_private_dax(reg))
			return refusal_private_dax(&reg->cause);
	} while (!*ret_is_replaced && ++n_tries < MAX_TRIES);
	return r;
}

int guard_unneeded(struct registration *reg, bool *ret_is_replaced)
{
	/* Another thread may give the last one back meanwhile. */
	uint64_t n_leases = stats_get(leases);
	int r;

	*ret_is_replaced = false;
	/*
	 * With a lease the kernel would pin copies of the pages, which it refuses
	 * without: one answer for both.
	 */
	if (n_leases && has_private_dax(reg))
		return refusal_private_dax(&reg->cause);
	r = register_unless_files(reg, ret_is_replaced);
	if (!r && (n_leases || stats_get(leases)))
		r = look_again(reg, ret_is_replaced);
	/* Most of it is anonymous, and is taken for that the next time. */
	if (!r)
		pages_note((uintptr_t)reg->addr, reg->length, true);
	return r;
}

/*
 * The short way of most registrations, which are of memory of no file: register
 * first, and look after it.
 *
 * Where nothing is leased and the kernel refuses whatever would need a guard, not
 * even that is needed.  With a lease the kernel pins pages of its file, as older
 * ones pin all page caches; so then this way is for memory that is seen to be
 * anonymous page by page, before, and, unless the kernel counts what it pins of
 * files, once it is pinned.
 */

/* The kernel pins for devices that only read, and what only a policy guards. */
static bool is_refused_by_kernel(const struct registration *reg)
{
	return reg->is_written && !lease_is_any() &&
	       !config_may_guard_shmem() && pin_rule_is_strict();
}

/* Whether it is worth to ask the same of what is pinned: a guess */
static bool seems_anonymous(const struct registration *reg)
{
	uintptr_t addr = (uintptr_t)reg->addr;
	bool are;

	if (pages_recall(addr, reg->length, &are))
		return are;
	return !guard_is_known(reg) && pages_are_anonymous(addr, reg->length);
}

/* Nothing of a file is among what was pinned. */
static bool is_anonymous(const struct registration *reg, uint64_t n_pins)
{
	/* It is pinned, so its pages are there. */
	if ((!n_pins || pin_count() != n_pins) &&
	    !pages_are_anonymous((uintptr_t)reg->addr, reg->length))
		return false;
	pages_note((uintptr_t)reg->addr, reg->length, true);
	return true;
}

bool guard_unneeded_first(struct registration *reg)
{
	uint64_t n_taken = lease_n_taken();
	bool is_refused = is_refused_by_kernel(reg), are_files = true;
	uint64_t n_pins = is_refused || reg->options ? 0 : pin_count();

	if (reg->options || !(is_refused || seems_anonymous(reg)))
		return false;
	if (guard_unneeded_unseen(reg))
		return false;
	if (is_refused && lease_n_taken() == n_taken)
		return true;
	if (is_anonymous(reg, n_pins))
		return true;
	if (!guard_look_for_files(reg, &are_files) && !are_files)
		return true;
	if (reg->real->dereg_mr(reg->mr))
		refusal_remapped_stuck(reg->mr->lkey);
	reg->mr = NULL;
	return false;
}
