// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What helps against a system call that fails, as far as the errno of it tells. */
#include <errno.h>
#include <stdio.h>

#include "base/sys_lines.h"
#include "refusal/refusal.h"

static int read_mode(const char *line, void *arg)
{
	if (sscanf(line, "Seccomp: %d", (int *)arg) != 1)
		return -1;
	return 1;
}

/* proc(5): a filter, 2, which says what it likes */
static bool is_filtered(void)
{
	int mode = 0;

	return sys_lines_find("/proc/thread-self/status", read_mode, &mode) >
		       0 &&
	       mode == 2;
}

const char *refusal_way_out(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		if (is_filtered())
			return "a sandbox forbids it, most likely the seccomp filter that this process has, so have it allowed as Documentation/containers.md of pinsafe says";
		return "a sandbox forbids it (seccomp, Landlock, a security module), so have it allowed as Documentation/containers.md of pinsafe says";
	case ENOSYS:
		return "the kernel is older than that or a sandbox hides it (seccomp), so have it allowed as Documentation/containers.md of pinsafe says";
	case EAFNOSUPPORT:
		return "the process may have no AF_UNIX sockets, so have them allowed (RestrictAddressFamilies= of systemd)";
	case EMFILE:
		return "close files or raise RLIMIT_NOFILE (ulimit -n)";
	case ENFILE:
		return "the machine has as many files open as it may, so raise /proc/sys/fs/file-max";
	case ENOMEM:
	case ENOBUFS:
		return "try again when there is more memory";
	}
	return "try again, and if it stays so see the kernel log";
}
