/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

/*
 * /proc/sys/fs/lease-break-time, in seconds; 0: it does not end.  If it cannot
 * be read now, what it was when it was read last; or else the kernel's default.
 * Any thread.
 */
unsigned long lease_break_time_s(void);

/* /proc/sys/fs/leases-enable, or @if_unknown if it cannot be read; any thread
 */
bool leases_are_enabled(bool if_unknown);
