/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_MAPPING_ACCESS_H
#define PINSAFE_MAPPING_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cause.h"

/*
 * Record the first piece of a range that is not mapped, not accessible, or
 * read-only although @is_written; if there is one, and it can be looked at.
 */
void mapping_find_fault(uintptr_t addr, size_t length, bool is_written,
			struct cause *cause);

#endif /* PINSAFE_MAPPING_ACCESS_H */
