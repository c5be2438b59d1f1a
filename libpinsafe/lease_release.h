/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* How many leases there are, and what lease.c needs of their end */
#ifndef PINSAFE_LEASE_RELEASE_H
#define PINSAFE_LEASE_RELEASE_H

#include "lease.h"

/* Before one is taken; after it is released, or lease_drop() */
void lease_count_new(const struct lease *lease);
void lease_count_none(void);

/* It has not come to be one. */
void lease_drop(struct lease *lease);
void lease_free(struct lease *lease);

#endif /* PINSAFE_LEASE_RELEASE_H */
