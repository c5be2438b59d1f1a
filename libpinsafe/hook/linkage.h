/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Is the code at @value, which is in an object that is loaded, that of a table of
 * procedure linkage?  A function that a hook of the object itself has put into an
 * entry looks otherwise.  True also where nobody knows.
 */
bool linkage_is(uintptr_t value);
