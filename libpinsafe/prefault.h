/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_PREFAULT_H
#define PINSAFE_PREFAULT_H

#include <stdbool.h>

#include "mapping.h"

/*
 * Make every page of @part present, so that the file system has allocated its
 * blocks and nothing is left to go wrong under DMA.  Only pages of the part are
 * touched.  On a writable mapping this is a write fault, also for a memory
 * region that is only read: a hole would be pinned as the zero page and stay
 * zero for the device for ever.
 *
 * @must_stop is asked between chunks.
 *
 * 0, or
 * EAGAIN	@must_stop said so
 * EFAULT	beyond the end of the file or not accessible; with
 *		other reasons that the caller may find out with prefault_why()
 * ENOMEM	out of memory, or unmapped since it was classified
 * EHWPOISON	from madvise(2)
 */
int prefault(const struct mapping_part *part, size_t page_size,
	     bool (*must_stop)(void *arg), void *arg);

/*
 * Why prefault() of @part was refused with EFAULT: the kernel reports a full
 * file system, an exceeded quota and an I/O error alike.  For the keeper's
 * thread, since it opens the file.
 *
 * ENOSPC, EDQUOT, EFBIG, EIO...: what the file system says; ENXIO: part of the
 * range is beyond the end of the file; EAGAIN: there is space by now;
 * EFAULT: no other reason was found.
 */
int prefault_why(const struct mapping_part *part, size_t page_size);

/*
 * Does the file have all blocks of @part?  A read-only mapping cannot allocate
 * them.  For the keeper's thread, while the lease is held.
 *
 * 0; ENXIO if there is a hole, or blocks never written; EOPNOTSUPP if blocks are
 * shared with another file (reflink); or an errno of open(2), ioctl(2).
 */
int prefault_check_blocks(const struct mapping_part *part);

#endif /* PINSAFE_PREFAULT_H */
