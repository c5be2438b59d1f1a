/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_SCAN_H
#define PINSAFE_SCAN_H

/*
 * Hook the contexts of all providers: those that are loaded now, and those that
 * libibverbs loads from now on.  Does nothing if libibverbs is not loaded, and
 * nothing when called again.
 *
 * @pabi is the number of libibverbs' private ABI, for which the caller vouches,
 * or 0: one of those that we know.
 */
void scan_start(int pabi);

#endif /* PINSAFE_SCAN_H */
