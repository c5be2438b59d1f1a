/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sys_lines.h"

/* One line of /proc/PID/maps */
struct vma {
	uintptr_t start;
	uintptr_t end;
	uint64_t offset;	/* in the file, of start, in bytes */
	dev_t dev;
	ino_t ino;		/* 0: anonymous memory */
	bool readable;
	bool writable;
	bool shared;
	/* As the kernel shows it, or VMA_LONG_PATH; "" if it has none */
	char path[PATH_MAX];
};

/* In place of one that no system call takes; no path can be relative there. */
#define VMA_LONG_PATH "[path longer than PATH_MAX]"

struct vma_reader {
	int fd;			/* for PROCMAP_QUERY, or -1 */
	bool has_answered;	/* the ioctl, so it is known to the kernel */
	struct sys_lines lines;	/* else /proc/PID/maps */
};

/* 0, or the errno of open(2) on /proc/PID/maps */
int vma_open(struct vma_reader *reader);

/*
 * The mapping at @addr or, if there is none, the next one above it.  Addresses
 * must not decrease from call to call.
 *
 * 0; ENOENT if there is no more mapping; else the errno of the kernel.
 */
int vma_next(struct vma_reader *reader, uintptr_t addr, struct vma *ret_vma);

/* Did this kernel say that it has no PROCMAP_QUERY?  All that is below is read. */
bool vma_is_text(void);

/* Fill in @ret_vma from a line of /proc/PID/maps; EINVAL if it is not one. */
int vma_parse(const char *line, struct vma *ret_vma);

void vma_close(struct vma_reader *reader);

/*
 * Could any page of a range be one of a shared mapping?  For where /proc is not
 * to be had: one system call for each page, two for a shared one, after which
 * the answer is yes.  Nothing of it stays.
 */
bool vma_probe_is_shared(uintptr_t start, uintptr_t end);
