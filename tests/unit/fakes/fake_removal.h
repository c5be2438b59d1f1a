/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_REMOVAL_H
#define FAKE_REMOVAL_H

/* Of this one the memory regions cannot be revoked; -1: of all they can. */
extern int fake_removal_busy_fd;

#endif /* FAKE_REMOVAL_H */
