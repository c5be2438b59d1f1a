/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_KEEPER_FD_H
#define PINSAFE_KEEPER_FD_H

/*
 * A descriptor in the keeper's table; a type of its own, so that nobody takes
 * it for one of the program.
 */
struct keeper_fd {
	int fd;
};

/* For the keeper's thread: take over @fd, which was opened or taken on this thread. */
void keeper_own(struct keeper_fd *kfd, int fd);
/* Does not wait for the file system, if that has something to do then. */
void keeper_close(struct keeper_fd *kfd);

#endif /* PINSAFE_KEEPER_FD_H */
