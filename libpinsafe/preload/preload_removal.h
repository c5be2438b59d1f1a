/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "preload/private.h"

/* Files that an operation takes blocks from, or whose blocks it shares */
struct removal {
	struct lease_barrier *barriers; /* room for one a file */
	size_t n;
};

/* 0, or ETXTBSY: a memory region over it could not be revoked. */
static inline int removal_add(struct removal *removal, int fd, bool is_shared)
{
	struct lease_barrier *barrier = &removal->barriers[removal->n];
	int r = pinsafe_private_removal_begin(fd, is_shared, barrier);

	removal->n += !r;
	return r == ETXTBSY ? r : 0;
}

static inline void removal_end(struct removal *removal)
{
	while (removal->n)
		pinsafe_private_removal_end(&removal->barriers[--removal->n]);
}

/* Is the descriptor on a file system with this number in statfs(2)? */
bool preload_is_on(int fd, unsigned int fs_magic);
