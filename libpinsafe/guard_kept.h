/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "lease.h"
#include "registration.h"

/*
 * A twin that was kept of the memory from @start on, and is long enough; it is the
 * caller's alone until he gives it to guard_kept_put() or guard_kept_drop().
 */
bool guard_kept_take(uintptr_t start, size_t size, const struct lease *lease,
		     struct guard_twin *ret_twin);
/*
 * Keep @twin, which was seen to be of the file, until @lease goes, of which the
 * caller is a holder.  False: there is no room, and it stays the caller's.
 */
bool guard_kept_put(uintptr_t start, struct lease *lease,
		    const struct guard_twin *twin);
/* Unmap what was kept if it is still a mapping of the file. */
void guard_kept_drop(const struct lease *lease, const struct guard_twin *twin);

/* On the keeper's thread: @lease is about to go. */
void guard_kept_release(struct lease *lease);
/* For fork.h, in the child, which has none of them */
void guard_kept_forget(void);
