/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* A memory region over a whole mapped file, the way most tests want it. */
#pragma once

#include "files.h"
#include "guard.h"
#include "verbs.h"

struct region {
	char path[FILES_PATH_MAX];
	size_t len;
	int fd; /* owned; -1 if the test has closed it */
	char *addr; /* NULL if the test has unmapped it */
	struct ibv_mr *mr; /* NULL while not registered */
};

/* A new file of len bytes, mapped for reading and writing */
void region_create(struct region *region, const char *dir, const char *name,
		   size_t len);

/* Bails out if it fails */
void region_register(struct region *region, struct verbs *verbs);

/* Status of an RDMA WRITE of 8 bytes with this value to an offset */
int region_write(struct region *region, struct verbs *verbs, size_t offset,
		 uint64_t value);

/* Check that an RDMA WRITE succeeds and that the file has the data */
void region_check_alive(struct region *region, struct verbs *verbs,
			const char *what);
/* The same without opening the file, which would break an ordinary lease */
void region_check_arrives(struct region *region, struct verbs *verbs,
			  const char *what);
/* Check that the region is revoked: an RDMA WRITE fails */
void region_check_revoked(struct region *region, struct verbs *verbs,
			  const char *what);

/*
 * Check that truncate(2) of the file succeeds at once: nobody is in its way.
 * Then the file has its length again.
 */
void region_check_truncate(struct region *region, const char *what);

/* Leases on the file by anybody; its path must still lead to it */
struct guard_leases region_leases(const struct region *region);
bool region_wait_no_lease(const struct region *region, int ms);

/* Check the ibv_dereg_mr() of it, if it is registered */
void region_deregister(struct region *region);

/* Deregister, unmap, close, unlink: whatever is left of it */
void region_destroy(struct region *region);

/* A t_child_fn: truncate the file at path to size */
int region_truncate(void *path, long size);
