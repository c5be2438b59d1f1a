/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_WATCH_H
#define PINSAFE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Somebody tells us of all mappings from now on: preload.c. */
void watch_enable(void);
bool watch_is_enabled(void);

/*
 * The program has mapped @fd.  For any thread of it, without locks; leaves
 * errno as it is.
 */
void watch_mapped(void *addr, size_t length, int fd);

/*
 * May anything at these addresses be of interest?  Quick and without locks: it
 * is asked at every munmap(2).
 */
bool watch_covers(uintptr_t start, uintptr_t end);
/* Besides what watch_mapped() keeps, from now on and for ever */
void watch_cover(uintptr_t start, uintptr_t end);

/* For the keeper's thread. */

/* These addresses are being unmapped. */
void watch_forget_range(uintptr_t start, uintptr_t end);
/* A copy of the description of a mapped file, for the caller to own, or -1 */
int watch_dup(dev_t dev, ino_t ino);

/* fork.c, in the child: nothing is kept. */
void watch_forget(void);

#endif /* PINSAFE_WATCH_H */
