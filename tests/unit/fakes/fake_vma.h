/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include "../lib/fault.h"

struct fake_vma {
	struct fault open, next;
	bool is_gone;	   /* something else is there */
	bool is_open;
	unsigned int n_open; /* how often it was opened */
};

extern struct fake_vma fake_vma;
