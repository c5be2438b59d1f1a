/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * True: each page of the range is there, is anonymous, and is mapped here only;
 * so nothing of it belongs to a file.  False: some may, or it was not found out.
 * Costs three system calls, however many mappings there are.
 */
bool pages_are_anonymous(uintptr_t addr, size_t length);

/*
 * What it was when it was registered before, which costs nothing to ask; false:
 * nothing is known.
 */
bool pages_recall(uintptr_t addr, size_t length, bool *ret_are_anonymous);
void pages_note(uintptr_t addr, size_t length, bool are_anonymous);
