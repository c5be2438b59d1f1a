/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What a failed call must not leave behind. */
#ifndef T_LEAKS_H
#define T_LEAKS_H

struct leaks {
	int descriptors; /* of this process */
	int regions;	 /* memory regions of all processes */
	int leases;	 /* leases of all processes */
};

struct leaks leaks_count(void);

/* Check that there is now what there was before */
void leaks_check(const struct leaks *before, const char *what);

#endif /* T_LEAKS_H */
