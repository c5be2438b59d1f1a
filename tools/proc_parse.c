// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Lines of /proc/locks, fdinfo and status. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "proc_parse.h"

/* By enum lease_type: for the kernel, and for people */
static const struct {
	const char *in_proc, *name;
} lease_types[] = {
	[LEASE_ORDINARY] = {"LEASE", "lease"},
	[LEASE_LAYOUT] = {"LAYOUT", "layout"},
	[LEASE_DELEGATION] = {"DELEG", "delegation"},
};

static const char *const other_locks[] = {"POSIX", "OFDLCK", "FLOCK", "ACCESS",
					  "UNKNOWN"};

const char *lease_type_name(enum lease_type type)
{
	return lease_types[type].name;
}

static int parse_type(const char *word, enum lease_type *ret_type)
{
	size_t i;

	for (i = 0; i < sizeof(lease_types) / sizeof(lease_types[0]); i++) {
		if (!strcmp(word, lease_types[i].in_proc)) {
			*ret_type = i;
			return 0;
		}
	}
	for (i = 0; i < sizeof(other_locks) / sizeof(other_locks[0]); i++)
		if (!strcmp(word, other_locks[i]))
			return ENOENT;
	return EINVAL;
}

/* fs/locks.c:lock_get_status, as "7: LEASE  ACTIVE    READ 321 fd:01:4711 0
 * EOF" */
int proc_parse_lease(const char *line, struct proc_lease *ret_lease)
{
	char type[16], state[16], mode[16];
	struct proc_lease lease = {0};
	unsigned int major, minor;
	int at = 0, end = 0, r;
	uint64_t ino;

	if (!strncmp(line, "lock:", strlen("lock:")))
		line += strlen("lock:");
	if (sscanf(line, " %*d: %n", &at) < 0 || !at)
		return EINVAL;
	line += at;
	/* Somebody who waits for the lock above */
	if (!strncmp(line, "->", 2))
		return ENOENT;
	if (sscanf(line, "%15s %15s %15s %n", type, state, mode, &end) != 3 ||
	    !end)
		return EINVAL;
	r = parse_type(type, &lease.type);
	if (r)
		return r;
	if (!strcmp(state, "BREAKER"))
		return ENOENT;
	if (!strcmp(state, "BREAKING"))
		lease.breaking = true;
	else if (strcmp(state, "ACTIVE"))
		return EINVAL;
	lease.write = !strcmp(mode, "WRITE");

	if (sscanf(line + end, "%d %x:%x:%" SCNu64, &lease.pid, &major, &minor,
		   &ino) != 4)
		return EINVAL;
	lease.dev = makedev(major, minor);
	lease.ino = ino;
	*ret_lease = lease;
	return 0;
}

int proc_parse_tgid(const char *line, pid_t *ret_pid)
{
	pid_t pid;

	if (sscanf(line, "Tgid: %d", &pid) != 1 || pid <= 0)
		return EINVAL;
	*ret_pid = pid;
	return 0;
}
