/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cause.h"

/*
 * Have the kernel signal the keeper's thread when a lease on @fd is broken.
 * Before F_SETLEASE, at every take: the kernel forgets signal and owner when a
 * lease ends (fs/locks.c:lease_modify), and it makes the whole process the
 * owner if there is none, whose default action would be to die.
 *
 * 0 or the errno of fcntl(2), recorded in @cause if that is not NULL.
 */
int sigio_arm(int fd, struct cause *cause);
/* The lease has ended since; not if nobody can tell. */
bool sigio_is_forgotten(int fd);

/*
 * Nobody is signalled any more, but it stays known as one that was armed: for a
 * lease that cannot be given back.
 */
void sigio_disown(int fd);
bool sigio_is_disowned(int fd);

/*
 * Does what sigio_arm() has armed, on descriptions that nobody else changes, get
 * through to this thread, or show as an overflow?  For the keeper's thread.
 */
bool sigio_is_sure(void);

/* This thread is the keeper's.  0, or an errno and the call that failed with it */
int sigio_start(struct cause *cause);

/* Wake it out of sigio_wait(), which looks by itself soon if that fails. */
void sigio_wake(void);

/*
 * Wait until a lease was broken, sigio_wake() was called, or @timeout_ns have
 * passed.  @broken hears of each lease that was broken, by the descriptor that it
 * was taken with.  All signals of that kind that are pending are taken.  Signals with
 * our number that are meant for the program are passed on to its main thread.
 *
 * True: there were more than the queue had room for, so any lease may have been
 * broken.
 */
bool sigio_wait(uint64_t timeout_ns, void (*broken)(int fd));
