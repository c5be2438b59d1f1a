/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * An operation of the program that takes blocks away from a file.  While it is
 * entered there are no new leases on the file that are blind to it.  Which does not
 * mean that there is none: lease_may_be_blind().
 *
 * Any thread, also in a signal handler; without locks.
 */
struct lease_barrier {
	dev_t dev;
	ino_t ino;
	unsigned int entry, generation;	/* of lease_barrier.c */
	int cancel_state;	/* of the thread, for own_operation.c */
};
/* Of @dev and @ino */
void lease_barrier_enter(struct lease_barrier *barrier);
/*
 * Without these, as long as there has never been a blind lease.  False: there has,
 * and nothing is entered.
 */
bool lease_barrier_enter_any(struct lease_barrier *barrier);
void lease_barrier_leave(struct lease_barrier *barrier);

/*
 * Is there a lease on the file that does not see the program's operations, or one
 * being taken or given back?  If there is not, perhaps; else surely.
 */
bool lease_may_be_blind(dev_t dev, ino_t ino);
/* On any file, exactly */
bool lease_exists_any_blind(void);

/* For lease.c: from before one is taken until it is gone */
void lease_blind_add(dev_t dev, ino_t ino);
void lease_blind_remove(dev_t dev, ino_t ino);
/* To be asked after that, of a lease that is blind; and again when it is taken */
bool lease_is_barred(dev_t dev, ino_t ino);

/* For fork.h, in the child: nothing is entered, and there is no lease. */
void lease_barrier_forget(void);
