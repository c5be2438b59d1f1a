/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* A registration in flight; guard.c and guard_line.c share it. */
#ifndef PINSAFE_REGISTRATION_H
#define PINSAFE_REGISTRATION_H

#include <stdbool.h>

#include "choice.h"
#include "mapping.h"
#include "real_verbs.h"
#include "track.h"

struct registration {
	const struct real_verbs *real;
	struct ibv_pd *pd;
	void *addr;
	size_t length;
	uint64_t iova;
	int access;
	bool is_written;		/* the device may write to the memory */
	const struct reg_options *options;	/* of the program, or NULL */

	struct mapping mapping;
	struct choice *choices;		/* owned; for each part of mapping */
	bool is_guarded;		/* at least one part is */
	bool is_on_demand;		/* all of it; else by leases */

	/* What went wrong: where EAGAIN came from, or NULL */
	const struct mapping_part *waits_for;
	/* What the kernel does not pin, for the caller to explain, or NULL */
	const struct mapping_part *unpinnable;

	struct guarded_mr *gmr;		/* with the leases taken so far */
	struct ibv_mr *mr;
};

/*
 * lease -> prefault -> register -> look again -> track; inside a section.
 *
 * 0; EAGAIN: a lease was or is being broken, or somebody has a file open that
 * nobody may: try again from the start; EOPNOTSUPP or EFAULT with
 * @reg->unpinnable; another errno for the program, already explained.
 */
int guard_line(struct registration *reg);

#endif /* PINSAFE_REGISTRATION_H */
