/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>

/*
 * What each stage does in the child, in this order: its state is as at load again.
 * The locks are so already.  Borrowed for ever
 */
typedef void fork_forget(void);
void fork_set_stages(fork_forget *const *all, size_t n);

/* Install the handlers, once.  0, or ENOMEM. */
int fork_setup(void);

/* At every entry: start afresh in a child whose fork(2) we did not see. */
void fork_check(void);
