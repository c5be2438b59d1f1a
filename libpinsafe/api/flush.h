/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_FLUSH_H
#define PINSAFE_FLUSH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Flush the CPU's caches for these addresses, where that makes stores durable:
 * false if it does not, or nobody knows.
 */
bool flush_persistent(uintptr_t start, uintptr_t end);

/* Have the file system write the pages back; 0 or the errno of msync(2). */
int flush_back(uintptr_t start, uintptr_t end);

#endif /* PINSAFE_FLUSH_H */
