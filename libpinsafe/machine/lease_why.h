/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "base/cause.h"

/*
 * Why fcntl(fd, F_SETLEASE) has failed with @error: records the cause and
 * returns what take() of a backend is to return.  For the keeper's thread.
 */
int lease_why_not(int fd, int error, struct cause *cause);
/* The same for a layout lease; to be asked right after it. */
int lease_why_not_layout(int fd, int error, struct cause *cause);

/* Why nobody gives layout leases to page caches of that file system */
void lease_why_not_there(unsigned long fs_magic, struct cause *cause);
/* The same for a file that has one, but without F_LAYOUT_WRITE; keeper's thread */
void lease_why_not_written(int fd, struct cause *cause);

/* The same for the open(2) of the file, with O_NONBLOCK, that comes before */
int lease_why_not_open(int error, struct cause *cause);

/* Who gives layout leases goes to the log, the first time. */
void lease_tell_provider(void);
