/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A file as it was at some time, for clients to read by RDMA.  There may be
 * several of them at once: who has begun with one that was replaced goes on
 * with that.
 */
#ifndef VERSION_H
#define VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <infiniband/pinsafe.h>

struct version {
	uintptr_t number;	/* by which events name it */
	dev_t dev;
	ino_t ino;
	void *addr;
	size_t length;
	struct ibv_mr *mr;
	unsigned int refs;
};

/*
 * Maps and registers what is at @path now; the caller has a reference.  Does not
 * return if something else than a layout lease guards it, or nothing.  0, or an
 * errno value: EEXIST if that is what @current is of (or NULL), ENOENT, ENODATA
 * if it is empty, ETXTBSY while somebody may write it; of pinsafe EAGAIN or EFAULT
 * if it is being changed right now, EACCES if it is another user's, EOPNOTSUPP
 * if there are no layout leases for it, ENOMEM also because of RLIMIT_MEMLOCK.
 * SIGIO may come in, and has to be blocked.
 */
int version_load(const char *path, const struct version *current,
		 struct ibv_pd *pd, struct pinsafe_event_channel *events,
		 struct version **ret_version);

struct version *version_get(struct version *version);

/* The last one ends the memory region; NULL is fine. */
void version_put(struct version *version);

#endif /* VERSION_H */
