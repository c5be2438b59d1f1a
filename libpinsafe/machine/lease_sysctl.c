// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the administrator has set for leases (sysctl/fs.rst of Linux).  There
 * may be no descriptor left to read it with.
 */
#include "base/sys_lines.h"
#include "machine/lease_sysctl.h"

/* fs/locks.c */
#define DEFAULT_BREAK_TIME_S 45

unsigned long lease_break_time_s(void)
{
	static unsigned long last_s = DEFAULT_BREAK_TIME_S;
	unsigned long now_s;
	long number;

	if (sys_read_number("/proc/sys/fs/lease-break-time", &number))
		return __atomic_load_n(&last_s, __ATOMIC_RELAXED);
	/* To the kernel a negative one is as 0 (fs/locks.c:__break_lease). */
	now_s = number < 0 ? 0 : number;
	__atomic_store_n(&last_s, now_s, __ATOMIC_RELAXED);
	return now_s;
}

bool leases_are_enabled(bool if_unknown)
{
	long number;

	if (sys_read_number("/proc/sys/fs/leases-enable", &number))
		return if_unknown;
	return number != 0;
}
