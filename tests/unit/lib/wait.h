/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

/* Until @is_true says so; false if it does not within DEADLINE_MS. */
bool wait_until(bool (*is_true)(void *arg), void *arg);

/* Until thread @tid of this process sleeps in the kernel, or is gone: the same
 */
bool wait_until_asleep(int tid);
