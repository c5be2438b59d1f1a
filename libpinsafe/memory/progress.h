/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "policy/options.h"

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
