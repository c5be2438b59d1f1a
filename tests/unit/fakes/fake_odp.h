/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "hook/odp.h"

struct fake_odp {
	bool is_offered;
	bool is_unsound;
};

extern struct fake_odp fake_odp;
