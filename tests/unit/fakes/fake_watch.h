/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_WATCH_H
#define FAKE_WATCH_H

#include <stdbool.h>

#include "watch.h"

extern bool fake_watch_is_enabled;
/* What watch_covers() says */
extern bool fake_watch_covers;

#endif /* FAKE_WATCH_H */
