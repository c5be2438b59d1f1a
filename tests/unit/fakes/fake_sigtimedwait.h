/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#define FAKE_BREAK_FDS 1024

/*
 * A signal with an address in here as its value comes from a broken lease; the
 * index is its descriptor.
 */
extern char fake_break_marks[FAKE_BREAK_FDS];

/* How often the keeper has waited for as long as it ever does, so far */
unsigned int fake_sigtimedwait_timeouts(void);
