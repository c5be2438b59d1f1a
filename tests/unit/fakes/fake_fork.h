/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_FORK_H
#define FAKE_FORK_H

/* What fork_setup() returns */
extern int fake_fork_setup_error;

#endif /* FAKE_FORK_H */
