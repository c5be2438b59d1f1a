// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The program may have leases with our signal number, too, of whose breaks the
 * keeper hears, as one thread of the process.  To pass on a signal of our own
 * would kill a program that does not use the number; so there has to be a lease
 * under the number that the signal names, and none of ours.
 *
 * The kernel shows it with the descriptor (fdinfo, proc(5)):
 *
 *   lock:	1: LEASE  BREAKING  READ 4711 08:01:1234 0 EOF
 */
#include <stdio.h>
#include <sys/sysmacros.h>

#include "base/sys_lines.h"
#include "lease.h"
#include "program_lease.h"

/* Our lease may be on the open file description that the program has there. */
static bool is_lease_of_program(const char *line)
{
	unsigned int major, minor;
	unsigned long long ino;

	if (sscanf(line, "lock: %*d: LEASE BREAKING %*s %*d %x:%x:%llu",
		   &major, &minor, &ino) != 3)
		return false;
	return !lease_is_ours(makedev(major, minor), ino);
}

bool program_lease_is_at(int fd)
{
	struct sys_lines lines;
	bool is_found = false;
	char path[64], *line;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (sys_lines_open(&lines, path))
		return false;
	while (!is_found && (line = sys_lines_next(&lines)))
		is_found = is_lease_of_program(line);
	sys_lines_close(&lines);
	return is_found;
}
