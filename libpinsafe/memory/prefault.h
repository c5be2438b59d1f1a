/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include "memory/mapping.h"
#include "memory/populate.h"
#include "policy/options.h"

/*
 * Make every page of @part present, so that the file system has allocated its
 * blocks and nothing is left to go wrong under DMA.  Only pages of the part are
 * touched.
 *
 * @for_write: by write faults, which allocate.  The mapping must be writable.
 * @n_threads, @watch: as in populate.h
 *
 * 0, what @watch->tell returned, or
 * EAGAIN	@watch->must_stop said so
 * EFAULT	beyond the end of the file or not accessible; with @for_write
 *		other reasons that the caller may find out with prefault_why()
 * ENOMEM	out of memory, or unmapped since it was classified
 * EHWPOISON	from madvise(2)
 */
int prefault(const struct mapping_part *part, size_t page_size, bool for_write,
	     unsigned int n_threads, const struct populate_watch *watch);

/*
 * Why prefault() of @part was refused with EFAULT: the kernel reports a full
 * file system, an exceeded quota and an I/O error alike.  @fd is the file, open
 * for writing; its position is left as it is.
 *
 * ENOSPC, EDQUOT, EFBIG, EIO...: what the file system says; ENXIO: part of the
 * range is beyond the end of the file; EAGAIN: there is space by now;
 * EFAULT: no other reason was found.
 */
int prefault_why(const struct mapping_part *part, int fd, size_t page_size);

/*
 * Does the file have all blocks of @part?  A read-only mapping cannot allocate
 * them.  @fd is the file; to be asked while the lease is held.
 *
 * 0; ENXIO if there is a hole, or blocks never written; EOPNOTSUPP if blocks are
 * shared with another file (reflink); or an errno of ioctl(2).
 */
int prefault_check_blocks(const struct mapping_part *part, int fd);

struct section;

/* How far the prefault of a registration is */
struct progress {
	size_t total;			/* bytes of all parts */
	size_t done_before;		/* of the parts before this one */
	const char *path;		/* of this one */

	pinsafe_progress *tell;		/* the program's, or NULL */
	void *user_data;
	const struct section *section;
	uint64_t begun_ns, seen_ns, logged_ns;
};

/* @options may be NULL */
void progress_begin(struct progress *progress,
		    const struct reg_options *options,
		    const struct section *section);
/*
 * @done bytes of this part are there.  What takes longer than a second is told
 * to the log once a second.  0, or ECANCELED: the program does not want to go on.
 */
int progress_made(struct progress *progress, size_t done);
/* All are; as above */
int progress_end(struct progress *progress);
