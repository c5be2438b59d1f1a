/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_KEEPER_H
#define PINSAFE_KEEPER_H

#include <stdbool.h>
#include <sys/queue.h>

/*
 * Run @fn(@arg) on the keeper's thread and return what it returns.  Starts the
 * keeper if there is none.  For threads of the program, inside a section and
 * without locks; @fn may take locks and must not wait for the program.
 *
 * Or EAGAIN, EMFILE, ENOSYS... if the keeper could not be started.
 */
int keeper_call(int (*fn)(void *arg), void *arg);

/* Is this the keeper's thread?  It must not call itself. */
bool keeper_is_self(void);

/* Functions from here on are for the keeper's thread only. */

/*
 * A copy of a descriptor that the program has now, for the caller to own or to
 * close; or -1 and the errno of pidfd_getfd(2).
 */
int keeper_borrow(int fd);

/* A descriptor in the keeper's table; its number may change between calls. */
struct keeper_fd {
	int fd;
	LIST_ENTRY(keeper_fd) link;
};

/* Take over @fd, which was opened or borrowed on this thread. */
void keeper_own(struct keeper_fd *kfd, int fd);
void keeper_close(struct keeper_fd *kfd);

/*
 * Have the program's descriptor @fd in the keeper's table too, under the same
 * number: a call into libibverbs made on the keeper's thread finds it there,
 * also when the program has closed its own.
 *
 * 0 or the errno of pidfd_getfd(2), dup3(2).
 */
int keeper_adopt(int fd);
void keeper_drop(int fd);

/* fork.c */
void keeper_fork_prepare(void);
void keeper_fork_parent(void);
/* In the child: there is no keeper any more. */
void keeper_forget(void);

#endif /* PINSAFE_KEEPER_H */
