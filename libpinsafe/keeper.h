/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cause.h"

/*
 * Run @fn(@arg) on the keeper's thread and return what it returns.  Starts the
 * keeper if there is none.  For threads of the program, inside a section and
 * without locks; @fn may take locks and must not wait for the program.
 *
 * Or EAGAIN, EMFILE, ENOSYS... if the keeper could not be started.
 */
int keeper_call(int (*fn)(void *arg), void *arg);

/*
 * The same, with a copy of descriptor @fd of the calling thread, for @fn to
 * take.  It comes from the table of this thread, whichever that is.
 *
 * Also what handover_send() returns: EBADF, ECONNREFUSED...  Why it does not get
 * there is recorded in @cause, if that is not NULL.
 */
int keeper_call_with(int fd, int (*fn)(void *arg), void *arg,
		     struct cause *cause);

/*
 * The same for one with O_PATH, of which another is as good: the keeper opens it
 * in the table of this thread, which takes no handover.
 */
int keeper_call_with_path(int fd, int (*fn)(void *arg), void *arg,
			  struct cause *cause);

/*
 * @fn(@arg) on this thread, and on the keeper's, which has a table of its own, if
 * it says EMFILE or ENFILE here.
 */
int keeper_call_if_full(int (*fn)(void *arg), void *arg);

/*
 * Start the keeper if there is none yet, so that what is asked of it then can
 * only fail by itself.  As keeper_call(); the cause is recorded, if not in NULL.
 */
int keeper_start(struct cause *cause);

/* Is this the keeper's thread?  It must not call itself. */
bool keeper_is_self(void);

/* For aside.c: this thread works for the keeper, and counts as it. */
void keeper_become_part(void);

/* What the keeper does besides what it is called for; borrowed for ever */
struct keeper_work {
	/* On a thread of the program, once the keeper is there */
	void (*started)(void);
	/* The rest on its own: what there is to do, and how long that can wait */
	uint64_t (*look)(void);
	/* Until there is a signal, sigio_wake() or the time is over */
	void (*wait)(uint64_t timeout_ns);
};
/* Before the first call */
void keeper_set_work(const struct keeper_work *work);

/* For fork.h, in the child: there is no keeper any more. */
void keeper_forget(void);
void keeper_give_forget(void);

/* Functions from here on are for the keeper's thread only. */

/* What keeper_call_with() gives, once, for the caller to own or to close */
int keeper_take(void);

/*
 * A descriptor in the keeper's table; a type of its own, so that nobody takes
 * it for one of the program.
 */
struct keeper_fd {
	int fd;
};

/* Take over @fd, which was opened or taken on this thread. */
void keeper_own(struct keeper_fd *kfd, int fd);
/* Does not wait for the file system, if that has something to do then. */
void keeper_close(struct keeper_fd *kfd);
