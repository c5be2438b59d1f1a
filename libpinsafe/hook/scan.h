/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

/*
 * Hook the contexts of all providers: those that are loaded now, and those that
 * libibverbs loads from now on.  Does nothing if libibverbs is not loaded, and
 * nothing when called again.
 *
 * @pabi is the number of libibverbs' private ABI, for which the caller vouches,
 * or 0: one of those that we know.
 */
void scan_start(int pabi);

/*
 * Have @fn called whenever libibverbs (a handle of dlopen(3)) looks for the
 * driver of a device, under its lock of the device list.  @pabi as for
 * scan_start().  Registers once; false if that libibverbs is not known.
 */
bool null_driver_register(void *libibverbs, int pabi, void (*fn)(void));
