/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_OWN_OPERATION_H
#define PINSAFE_OWN_OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lease.h"

/*
 * What the program itself does to its files and mappings, told by preload.c.
 * For any thread of the program, without locks; they leave errno as it is.
 */

/*
 * Before addresses are unmapped or mapped over, and, unless this returns 0,
 * after it was done.  Nothing is on demand there any more; what is kept for the
 * mapping stays until then, as it may come to nothing.
 */
uint64_t own_unmapping(const void *addr, size_t length);
void own_unmapped(const void *addr, size_t length, uint64_t ticket);

/* After mremap(2), with the latest of what own_unmapping() of both returned */
struct own_remap {
	const void *addr, *new_addr;
	size_t length, new_length;
	bool stays;		/* the old mapping, too */
};
void own_remapped(const struct own_remap *remap, uint64_t ticket);

/*
 * Before blocks of the file @fd are taken away by way of a descriptor.  If it
 * is under an ordinary lease, which the kernel does not break then, this revokes
 * its memory regions first; until own_removal_end() there are no new ones.
 *
 * 0, and own_removal_end() has to be called; ENOENT if there is nothing to do;
 * ETXTBSY if a memory region could not be revoked in time.
 */
int own_removal_begin(int fd, struct lease_barrier *barrier);
void own_removal_end(struct lease_barrier *barrier);
/*
 * The same before blocks of the file come to belong to another one as well.  What
 * a device wrote has to be in them, and later it must not write to them any more:
 * pages that it made dirty unseen are written back to where they were.  Memory
 * regions over it that are only read stay.
 */
int own_sharing_begin(int fd, struct lease_barrier *barrier);
/* madvise(2) with MADV_REMOVE; @real_madvise is that of libc.  As madvise(2) */
int own_removal_mapped(void *addr, size_t length,
		       int (*real_madvise)(void *, size_t, int));

/* Before the file, what is mapped there, a file system or all is written back */
void own_sync_file(int fd);
void own_sync_range(const void *addr, size_t length);
void own_sync_fs(int fd);
void own_sync_all(void);

/* The kernel unmaps and writes back whole pages; it refuses what wraps around. */
uintptr_t own_page_end(uintptr_t addr);

/* For the keeper's thread, now and then: what nobody has told (own_look.c) */
void own_look(void);

#endif /* PINSAFE_OWN_OPERATION_H */
