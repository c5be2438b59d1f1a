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
 * The same before a registration, which makes pages present: true if it is worth
 * while to ask pages_are_anonymous() after it.  A guess that costs nothing where
 * pages_note() was told before what it was.
 */
bool pages_seem_anonymous(uintptr_t addr, size_t length);
void pages_note(uintptr_t addr, size_t length, bool are_anonymous);
