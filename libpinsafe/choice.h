/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include "lease.h"
#include "memory/mapping.h"
#include "policy/options.h"

/* How a part of a registration is to be guarded */
struct choice {
	enum guard_choice guard;	/* never GUARD_AUTO */
	const struct lease_backend *backend;	/* of LAYOUT and LEASE */
	bool may_go_on_demand;	/* the policy leaves it to us */
	bool may_be_ordinary;	/* where there is no layout lease */
	int no_layout;	/* the errno that a layout lease has failed with, or 0 */
};

/*
 * @is_written: the device may write to the memory.  @options of the program
 * come before the policy; NULL: none.
 *
 * 0; or the errno for the program, already explained, if nothing can guard the
 * part.
 */
int choice_make(const struct mapping_part *part, bool is_written,
		const struct reg_options *options, struct choice *ret_choice);

/* As choice_make(), once it is seen that the layout lease is not to be had */
int choice_make_ordinary(const struct mapping_part *part, bool is_written,
			 struct choice *choice);
