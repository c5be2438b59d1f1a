/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "track.h"

/* What was last asked for */
extern struct track_query fake_redirty_query;

struct fake_redirty {
	/* Before each is asked for the time limit, at which it stops. */
	unsigned int n_chunks;
	/* What happens during a chunk, if anything */
	void (*on_chunk)(void);
};

extern struct fake_redirty fake_redirty;
