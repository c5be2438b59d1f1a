// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the administrator has set for leases (sysctl/fs.rst of Linux).  There
 * may be no descriptor left to read it with.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sys.h"
#include "machine/lease_sysctl.h"

/* fs/locks.c */
#define DEFAULT_BREAK_TIME_S 45

/* 0 or an errno value */
static int read_number(const char *path, long *ret_number)
{
	char text[32], *end;
	ssize_t n;
	long number;
	int fd;

	fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	n = sys_read(fd, text, sizeof(text) - 1);
	(void)sys_close(fd);
	if (n <= 0)
		return EIO;
	text[n] = '\0';
	number = strtol(text, &end, 10);
	if (end == text)
		return EIO;
	*ret_number = number;
	return 0;
}

unsigned long lease_break_time_s(void)
{
	static unsigned long last_s = DEFAULT_BREAK_TIME_S;
	unsigned long now_s;
	long number;

	if (read_number("/proc/sys/fs/lease-break-time", &number))
		return __atomic_load_n(&last_s, __ATOMIC_RELAXED);
	/* To the kernel a negative one is as 0 (fs/locks.c:__break_lease). */
	now_s = number < 0 ? 0 : number;
	__atomic_store_n(&last_s, now_s, __ATOMIC_RELAXED);
	return now_s;
}

bool leases_are_enabled(bool if_unknown)
{
	long number;

	if (read_number("/proc/sys/fs/leases-enable", &number))
		return if_unknown;
	return number != 0;
}
