/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "../lib/fault.h"
#include "track.h"

struct fake_track {
	struct fault alloc; /* error: out of memory */
	struct fault add;
	struct fault begin_dereg;
	struct fault begin_rereg;
	struct fault find_written;
	/* What track_find_written() finds, and what it was asked */
	const struct mr_range *written;
	size_t n_written;
	const struct track_query *query;
	bool is_only_read;
	bool is_zombie;		/* what the functions find */
	struct guarded_mr *gmr; /* the only one there is */
};

extern struct fake_track fake_track;

/* What it was registered with */
struct mr_params fake_track_params(void);
