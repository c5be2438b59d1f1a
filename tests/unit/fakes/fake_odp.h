/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_ODP_H
#define FAKE_ODP_H

#include "hook/odp.h"

struct fake_odp {
	bool is_offered;
	bool is_unsound;
};

extern struct fake_odp fake_odp;

#endif /* FAKE_ODP_H */
