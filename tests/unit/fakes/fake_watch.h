/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include "hook/called.h"
#include "watch.h"

extern bool fake_watch_is_enabled;
/* What called_is_sure() says */
extern bool fake_called_is_not_sure, fake_called_has_no_memory;
/* What watch_covers() and watch_ticket() say */
extern bool fake_watch_covers;
extern uint64_t fake_watch_ticket;
