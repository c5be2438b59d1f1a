/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What a failed call must not leave behind. */
#pragma once

#include <stdbool.h>

struct leaks {
	int descriptors; /* of this process */
	int regions;	 /* memory regions of all processes */
	int leases;	 /* leases of all processes */
};

struct leaks leaks_count(void);

/* Check that there is now what there was before */
void leaks_check(const struct leaks *before, const char *what);

/* Wait until there are no more memory regions than before */
bool leaks_wait_regions(const struct leaks *before, int ms);
