/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "../lib/fault.h"
#include "lease.h"
#include "machine/lease_provider.h"

#define FAKE_LEASES 4
#define FAKE_DEV 5 /* of files that lease_find() knows */
#define FAKE_FS_WITHOUT_LEASES 0xbad

struct fake_lease {
	struct lease leases[FAKE_LEASES]; /* index: inode */
	int holders[FAKE_LEASES];
	struct fault take;
	struct cause cause; /* that take records; CAUSE_UNKNOWN: none */
	/* Of files with a page cache, too, and of memory */
	bool has_layout;
	struct lease_provider provider; /* what sysfs says of that */
	bool keeps_writes;		/* those that are taken */
	/* There is one of this kind already; NULL: as was asked for */
	const struct lease_backend *is_other;
	struct fault is_held;	     /* error: no */
	struct fault is_held_locked; /* error: no */
	/* How often there still is a lease that the program can not break */
	unsigned int blind_left;
	bool was_never_blind; /* any lease */
	bool has_others; /* what lease_ordinary_is_sole() is asked about */
	bool is_any;
	uint64_t n_taken, taken_each_time; /* whenever that is asked for */
	uint64_t last_call_ns; /* of all that are asked for */
	size_t n_asked;	       /* how many these were */
};

extern struct fake_lease fake_lease;
