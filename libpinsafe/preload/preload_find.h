/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_PRELOAD_FIND_H
#define PINSAFE_PRELOAD_FIND_H

/*
 * What dlsym(RTLD_NEXT, @name) finds in the preload object, or NULL.  Allocates
 * nothing, and takes no lock that is held while others allocate; so it is for
 * allocators that have just begun.  Not found are functions that are chosen at
 * run time (STT_GNU_IFUNC), and what is in objects without DT_GNU_HASH.
 */
void *preload_find_next(const char *name);

#endif /* PINSAFE_PRELOAD_FIND_H */
