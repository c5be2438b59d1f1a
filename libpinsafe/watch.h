/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/export.h"

/*
 * Off: nothing has ever been on demand or kept, so watch_covers() and
 * watch_ticket() need not be asked.
 */
extern PINSAFE_EXPORT atomic_bool pinsafe_private_is_watching;

/*
 * Somebody tells us of all mappings from now on: preload.c.  True once: what was
 * mapped before is for watch_look_back().
 */
bool watch_enable(void);
bool watch_is_enabled(void);

/* Is anything at these addresses on demand, perhaps?  Without locks. */
bool watch_covers(uintptr_t start, uintptr_t end);
/* From now on and for ever */
void watch_cover(uintptr_t start, uintptr_t end);

/*
 * Before addresses are unmapped: 0 if nothing is kept there, else what has to
 * be said afterwards.  Meanwhile another thread may get the same addresses, and
 * what it maps there is not meant.
 *
 * Quick, exact and without locks: it is asked at every munmap(2).
 */
uint64_t watch_ticket(uintptr_t start, uintptr_t end);

/* For the keeper's thread. */

/*
 * Keep @fd, which is of the file, for a mapping; takes it over, also on failure.
 * 0; ENFILE, EMFILE: there is no room, also for watch_note_refused(); ENOENT: it
 * is of another file.
 */
int watch_keep(uintptr_t start, uintptr_t end, int fd, dev_t dev, ino_t ino);
void watch_note_refused(dev_t dev, ino_t ino);
/* Any thread: say that there is none for the mapping, because of @r. */
void watch_tell_unwatched(const void *addr, int r);

/* These addresses have been unmapped. */
void watch_forget_range(uintptr_t start, uintptr_t end, uint64_t ticket);

/* What mremap(2) has done; all of it in whole pages */
struct watch_move {
	uintptr_t start, end;	/* empty: the mapping was doubled */
	uintptr_t new_start, new_end;
	bool stays;		/* the old one, too */
	uint64_t ticket;
};
void watch_move(const struct watch_move *move);

/* Was one of the last files of which there was no room to keep a copy? */
bool watch_has_refused(dev_t dev, ino_t ino);

/*
 * Let go of what is not mapped any more, however it went: by the system call
 * itself, or by an munmap(2) of somebody in front of ours.
 */
void watch_sweep(void);

/*
 * A copy of the description of a mapped file, for the caller to own, or -1 and errno:
 * EBADF if none is kept
 */
int watch_dup(dev_t dev, ino_t ino);

/* For fork.h, in the child: nothing is kept. */
void watch_forget(void);
