/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/sys.h"

/* Older C libraries do not have them. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* Who looks on while a large range is made present; for prefault.h, too */
struct populate_watch {
	/* Asked before each chunk, by all threads: not to go on */
	bool (*must_stop)(void *arg);
	/*
	 * Told by the calling thread, after each of its chunks, how many bytes
	 * are present by now, if there are several.  0, or the errno to stop
	 * with.
	 */
	int (*tell)(void *arg, size_t done);
	void *arg;
};

/* A range to be made present, in whole pages */
struct populate_range {
	uintptr_t start, end;
	int advice;		/* MADV_POPULATE_READ or MADV_POPULATE_WRITE */
	unsigned int n_threads;	/* 64 at most; 0: as many as help */
};

/*
 * Make the pages of a range present, by this thread and others, which are gone
 * when it returns.  How many help is found out by trying: no other is made for
 * what takes less than some milliseconds.
 *
 * 0, EAGAIN (@watch->must_stop said so), what @watch->tell returned, or the errno
 * of madvise(2).
 */
int populate(const struct populate_range *range,
	     const struct populate_watch *watch);

/* The same at once, by this thread: 0 or the errno of madvise(2) */
static inline int populate_pages(uintptr_t start, uintptr_t end, int advice)
{
	while (sys_madvise((void *)start, end - start, advice))
		if (errno != EINTR)
			return errno;
	return 0;
}
