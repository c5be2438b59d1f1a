/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_RESTORE_H
#define PINSAFE_RESTORE_H

#include <stddef.h>

/*
 * Cut *@length to what the files that are mapped from @addr on still cover.  0;
 * EFAULT if that is nothing; or what guard_classify() returns.
 */
int restore_cut(void *addr, size_t *length);

#endif /* PINSAFE_RESTORE_H */
