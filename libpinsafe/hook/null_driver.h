/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_NULL_DRIVER_H
#define PINSAFE_NULL_DRIVER_H

#include <stdbool.h>

/*
 * Have @fn called whenever libibverbs (a handle of dlopen(3)) looks for the
 * driver of a device, under its lock of the device list.  @pabi as for
 * scan_start().  Registers once; false if that libibverbs is not known.
 */
bool null_driver_register(void *libibverbs, int pabi, void (*fn)(void));

#endif /* PINSAFE_NULL_DRIVER_H */
