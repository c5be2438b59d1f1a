/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_PROGRAM_LEASE_H
#define PINSAFE_PROGRAM_LEASE_H

#include <stdbool.h>

/*
 * Has the program a lease of its own, which is being broken, on what its main
 * thread has as descriptor @fd?  For the keeper's thread.
 */
bool program_lease_is_at(int fd);

#endif /* PINSAFE_PROGRAM_LEASE_H */
