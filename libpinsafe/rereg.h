/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* An ibv_rereg_mr() in flight; guard_rereg.c and guard_rereg_move.c share it. */
#pragma once

#include "policy/options.h"
#include "registration.h"

struct rereg {
	struct registration reg;	/* of the new memory; reg.mr is moved */

	/* For the provider; in place the program need not say where */
	int flags;
	struct ibv_pd *pd;
	void *addr;
	size_t length;
	int access;

	bool was_guarded;
	bool has_guard;			/* for the new memory */
	bool had_leases;		/* for any file, before */
	bool is_tracked;		/* now */
	bool has_retired_key;		/* now */
	struct reg_options options;	/* those it was registered with */
	int result;			/* for the program, with errno */
	int error;
};

static inline bool rereg_is_moved(const struct rereg *rereg)
{
	return rereg->flags & IBV_REREG_MR_CHANGE_TRANSLATION;
}

static inline void rereg_fail(struct rereg *rereg, int result, int error)
{
	rereg->result = result;
	rereg->error = error;
}

/* For rereg->reg; each returns 0 when the program has its answer. */
extern const struct registrar guard_moved_mr;
