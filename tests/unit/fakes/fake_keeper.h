/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "../lib/fault.h"
#include "keeper.h"

struct fake_keeper {
	struct fault start;
	struct cause start_cause; /* that it records */
	struct fault call;
	bool is_self;
	struct fault borrow;
	int borrowed;	/* in place of each descriptor, if not 0 */
	int n_owned;	/* descriptors */
};

extern struct fake_keeper fake_keeper;
