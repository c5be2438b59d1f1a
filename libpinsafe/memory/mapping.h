/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cause.h"
#include "memory/backing.h"

enum mapping_kind {
	MAPPING_FSDAX,		/* file on persistent memory, mapped directly */
	MAPPING_PAGE_CACHE,	/* file with a page cache */
	MAPPING_SHMEM,		/* file of tmpfs and the like, by policy */
	MAPPING_UNKNOWN,	/* some file that could not be looked at */
};

/* A piece of a range that belongs to a file which may take its blocks back */
struct mapping_part {
	enum mapping_kind kind;
	uintptr_t start;	/* of the piece, not of the mapping */
	uintptr_t end;
	uint64_t offset;	/* in the file, of start, in bytes */
	bool readable;
	bool writable;
	struct backing file;	/* its path belongs to the part */
	const char *fs_name;	/* file system type, constant string */
	unsigned long fs_magic;	/* the same as statfs(2) says it, 0: unknown */
	int error;		/* errno that made it MAPPING_UNKNOWN */
	const char *failed;	/* the call that it is of, as "statx(2)" */
};

struct mapping {
	size_t n_parts;
	struct mapping_part *parts;	/* owned; in the order of addresses */
};

/*
 * Find the files under a range of addresses that need a guard.  Everything
 * else is left out: anonymous memory, private mappings (a pin gets copies),
 * devices (device-DAX is one), file systems that cannot be written to, unmapped
 * addresses; and tmpfs, memfd, hugetlb, unless the policy for the file says
 * shmem=guard.
 * @tid is a thread of the program, whose descriptors help to find the files.
 *
 * 0 and @ret_mapping, which the caller gives to mapping_put(); ENOMEM; EMFILE
 * or ENFILE if the calling thread has no descriptor left; or the errno of
 * reading /proc/self/maps.
 */
int mapping_classify(uintptr_t addr, size_t length, pid_t tid,
		     struct mapping *ret_mapping);

/*
 * Is a file with DAX mapped private in the range?  Linux pins no such mapping;
 * where the process has a lease on the file the device would get a copy.
 * Records where.
 */
bool mapping_has_private_dax(uintptr_t addr, size_t length, pid_t tid,
			     struct cause *cause);

/* Do both describe the same files, offsets and protection? */
bool mapping_equal(const struct mapping *a, const struct mapping *b);

/*
 * True: the range still is what it was, of files that are held so that they are
 * what they were, as by a lease.  False: it is not, or that was not found out.
 * Opens none of the files.
 */
bool mapping_is_still_there(const struct mapping *before, uintptr_t addr,
			    size_t length);

void mapping_put(struct mapping *mapping);

const char *mapping_kind_name(enum mapping_kind kind);

/*
 * Record the first piece of a range that is not mapped, not accessible, or
 * read-only although @is_written; if there is one, and it can be looked at.
 */
void mapping_find_fault(uintptr_t addr, size_t length, bool is_written,
			struct cause *cause);

/*
 * True: each page of the range is there, is anonymous, and is mapped here only;
 * so nothing of it belongs to a file.  False: some may, or it was not found out.
 * Costs three system calls, however many mappings there are.
 */
bool pages_are_anonymous(uintptr_t addr, size_t length);

/*
 * What it was when it was registered before, which costs nothing to ask; false:
 * nothing is known.
 */
bool pages_recall(uintptr_t addr, size_t length, bool *ret_are_anonymous);
void pages_note(uintptr_t addr, size_t length, bool are_anonymous);
