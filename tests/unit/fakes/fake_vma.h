/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_VMA_H
#define FAKE_VMA_H

#include <stdbool.h>

#include "../lib/fault.h"

struct fake_vma {
	struct fault open, next;
	bool is_gone;	   /* something else is there */
	bool is_open;
	unsigned int n_open; /* how often it was opened */
};

extern struct fake_vma fake_vma;

#endif /* FAKE_VMA_H */
