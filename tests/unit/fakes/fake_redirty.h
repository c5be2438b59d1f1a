/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_REDIRTY_H
#define FAKE_REDIRTY_H

#include "track.h"

/* What was last asked for */
extern struct track_query fake_redirty_query;

#endif /* FAKE_REDIRTY_H */
