/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_RANGE_H
#define PINSAFE_RANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Addresses of a memory region that are a mapping of one file */
struct mr_range {
	uintptr_t start, end;
	dev_t dev : 63;		/* Linux uses 32 bits */
	bool is_kept : 1;	/* the kernel makes dirty what devices write */
	ino_t ino;
};

#endif /* PINSAFE_RANGE_H */
