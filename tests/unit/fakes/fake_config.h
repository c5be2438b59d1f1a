/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "policy/config.h"

struct fake_config {
	struct policy policy;
	/* Of files with this path; NULL: there is no other policy */
	const char *other_path;
	struct policy other_policy;
	bool may_guard_shmem, may_want_lease;
};

extern struct fake_config fake_config;
