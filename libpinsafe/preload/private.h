/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What libpinsafe-preload.so and the provider of the same version call, and nobody
 * else; and what the files behind that share.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "base/export.h"
#include "hook/called.h"
#include "lease_barrier.h"
#include "track.h"
#include "watch.h"

/* The provider: see scan_start(). */
void pinsafe_private_start(int pabi, bool is_asked_for);

/* See engine_set_ops(), called_set(), watch_enable(), guard_check_pin(). */
void pinsafe_private_set_ops(void *verbs_context, const void *ops,
			     const void *caller);
void pinsafe_private_in_front(const struct called_function *functions,
			      size_t n);
void pinsafe_private_watch(void);
int pinsafe_private_check_pin(const void *addr, size_t length,
			      const char *entry);

/*
 * What the program itself does to its files and mappings.  For any thread of it,
 * without locks; they leave errno as it is.
 */

/* It has mapped @fd. */
void pinsafe_private_mapped(void *addr, size_t length, int fd);
/*
 * The same of mappings that are there already: those of files of which the
 * calling thread has the only description open.
 */
void watch_look_back(void);

/*
 * Before addresses are unmapped or mapped over, and, unless this returns 0,
 * after it was done.  Nothing is on demand there any more; what is kept for the
 * mapping stays until then, as it may come to nothing.
 */
uint64_t pinsafe_private_unmapping(const void *addr, size_t length);
void pinsafe_private_unmapped(const void *addr, size_t length, uint64_t ticket);

/*
 * After mremap(2), with the latest ticket of what it unmapped; the ends need not be
 * those of pages.
 */
void pinsafe_private_remapped(const struct watch_move *move);

/*
 * Before blocks of the file @fd are taken away by way of a descriptor.  If it
 * is under an ordinary lease, which the kernel does not break then, this revokes
 * its memory regions first; until pinsafe_private_removal_end() there are no new
 * ones.
 *
 * @is_shared: blocks of the file come to belong to another one as well.  What a
 * device wrote has to be in them, and later it must not write to them any more:
 * pages that it made dirty unseen are written back to where they were.  Memory
 * regions over it that are only read stay.
 *
 * 0, and that has to be called; ENOENT if there is nothing to do; ETXTBSY if a
 * memory region could not be revoked in time.
 */
int pinsafe_private_removal_begin(int fd, bool is_shared,
				  struct lease_barrier *barrier);
void pinsafe_private_removal_end(struct lease_barrier *barrier);
/* madvise(2) with MADV_REMOVE; @real_madvise is that of libc.  As madvise(2) */
int pinsafe_private_removal_mapped(void *addr, size_t length,
				   int (*real_madvise)(void *, size_t, int));

/* Before the file, all of its file system, or what is mapped there is written back */
void pinsafe_private_sync_file(int fd, bool is_whole_fs);
void pinsafe_private_sync_range(const void *addr, size_t length);

/* The kernel unmaps and writes back whole pages; it refuses what wraps around. */
static inline uintptr_t own_page_end(uintptr_t addr)
{
	/* Asked at every munmap(2) */
	static _Atomic uintptr_t page_mask;
	uintptr_t mask = page_mask;

	if (!mask)
		page_mask = mask = getpagesize() - 1;
	return addr + mask < addr ? addr : (addr + mask) & ~mask;
}

/* For the keeper's thread, now and then: what nobody has told (own_look.c) */
void own_look(void);
