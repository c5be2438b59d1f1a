/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Mappings of every kind that a kernel tells apart when it pins memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "files.h"

enum memory {
	ANONYMOUS,
	EXT4_DAX,
	XFS_DAX,
	DEVICE_DAX,
	PAGE_CACHE,
	TMPFS,
	MEMFD,
	HUGETLB,
	BTRFS,
	OVERLAY,
};

enum how {
	SHARED,		/* O_RDWR, PROT_READ | PROT_WRITE */
	SHARED_READ,	/* O_RDWR, PROT_READ */
	SHARED_RDONLY,	/* O_RDONLY, PROT_READ */
	PRIVATE,	/* MAP_PRIVATE, no page of it copied */
	PRIVATE_READ,	/* the same, PROT_READ */
	COPIED,		/* MAP_PRIVATE, all pages copied by writing to them */
	COPIED_READ,	/* the same, made PROT_READ then */
	HALF_ANONYMOUS, /* anonymous memory, then the file, SHARED */
};

#define KIND_FILL 'k'

struct kind {
	char *addr;
	size_t len;
	int fd; /* -1: anonymous memory */
	char path[FILES_PATH_MAX];
};

/*
 * Map it, filled with KIND_FILL; nobody has the file open but ret->fd and the
 * mapping.  False: this kernel does not have such memory.
 */
bool kind_map(enum memory memory, enum how how, struct kind *ret);

void kind_unmap(struct kind *kind);

const char *kind_memory_name(enum memory memory);
const char *kind_how_name(enum how how);
