/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_VMA_PROBE_H
#define PINSAFE_VMA_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Could any page of a range be one of a shared mapping?  For where /proc is not
 * to be had: one system call for each page, two for a shared one, after which
 * the answer is yes.  Nothing of it stays.
 */
bool vma_probe_is_shared(uintptr_t start, uintptr_t end);

#endif /* PINSAFE_VMA_PROBE_H */
