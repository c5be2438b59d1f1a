// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Lines of /proc/locks, fdinfo and status: what is read from them. */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "lib/test.h"
#include "proc_parse.h"

static struct proc_lease lease;

CASE(locks__layout_lease)
{
	assert_int_equal(
		proc_parse_lease("3: LAYOUT ACTIVE    READ 412 103:0a:4711 0 "
				 "EOF\n",
				 &lease),
		0);
	assert_int_equal(lease.type, LEASE_LAYOUT);
	assert_false(lease.breaking);
	assert_false(lease.write);
	assert_int_equal(lease.pid, 412);
	assert_int_equal(lease.dev, makedev(0x103, 0x0a));
	assert_int_equal(lease.ino, 4711);
}

CASE(locks__write_lease)
{
	assert_int_equal(
		proc_parse_lease("1: LEASE  ACTIVE    WRITE 7 fd:01:12 0 EOF\n",
				 &lease),
		0);
	assert_int_equal(lease.type, LEASE_ORDINARY);
	assert_true(lease.write);
}

CASE(locks__breaking)
{
	assert_int_equal(
		proc_parse_lease("1: LEASE  BREAKING  UNLCK 7 fd:01:12 0 EOF\n",
				 &lease),
		0);
	assert_true(lease.breaking);
	assert_false(lease.write);
}

CASE(locks__delegation)
{
	assert_int_equal(
		proc_parse_lease("1: DELEG  ACTIVE    READ 7 fd:01:12 0 EOF\n",
				 &lease),
		0);
	assert_int_equal(lease.type, LEASE_DELEGATION);
}

CASE(locks__largest_inode)
{
	assert_int_equal(proc_parse_lease("1: LEASE ACTIVE READ 7 "
					  "00:1c:18446744073709551615 0 EOF\n",
					  &lease),
			 0);
	assert_int_equal(lease.ino, UINT64_MAX);
}

CASE(fdinfo__lease)
{
	assert_int_equal(
		proc_parse_lease("lock:\t1: LAYOUT ACTIVE    READ 9 00:2b:5 0 "
				 "EOF\n",
				 &lease),
		0);
	assert_int_equal(lease.type, LEASE_LAYOUT);
	assert_int_equal(lease.pid, 9);
}

/* Neither a lease nor malformed; the result stays as it was. */
static void other(const char *line, int expected)
{
	struct proc_lease before;

	memset(&lease, 0x5a, sizeof(lease));
	before = lease;
	assert_int_equal(proc_parse_lease(line, &lease), expected);
	assert_memory_equal(&lease, &before, sizeof(lease));
}

CASE(locks__other_locks_ENOENT)
{
	other("1: POSIX  ADVISORY  WRITE 1 fd:01:2 0 EOF\n", ENOENT);
	other("1: OFDLCK ADVISORY  READ -1 fd:01:2 128 255\n", ENOENT);
	other("1: FLOCK  ADVISORY  WRITE 1 fd:01:2 0 EOF\n", ENOENT);
	other("1: ACCESS ADVISORY  WRITE 1 fd:01:2 0 EOF\n", ENOENT);
}

CASE(locks__waiters_ENOENT)
{
	other("1: -> POSIX  ADVISORY  WRITE 1 fd:01:2 0 EOF\n", ENOENT);
	other("1:  -> LEASE  BREAKER   READ 1 <none>:0 0 EOF\n", ENOENT);
	other("1: LEASE  BREAKER   READ 1 <none>:0 0 EOF\n", ENOENT);
}

CASE(locks__no_inode_EINVAL)
{
	other("1: LEASE  ACTIVE    READ 1 <none>:0 0 EOF\n", EINVAL);
}

CASE(locks__malformed_EINVAL)
{
	other("", EINVAL);
	other("\n", EINVAL);
	other("lock:", EINVAL);
	other("hello\n", EINVAL);
	other("x: LEASE  ACTIVE    READ 1 fd:01:2 0 EOF\n", EINVAL);
	other("1: LEASES ACTIVE    READ 1 fd:01:2 0 EOF\n", EINVAL);
	other("1: LEASE  SLEEPING  READ 1 fd:01:2 0 EOF\n", EINVAL);
	other("1: LEASE  ACTIVE    READ one fd:01:2 0 EOF\n", EINVAL);
	other("1: LEASE  ACTIVE    READ 1 fd-01-2 0 EOF\n", EINVAL);
	other("1: AVERYLONGWORDTHATDOESNOTFIT ACTIVE READ 1 fd:01:2\n", EINVAL);
}

CASE(locks__truncated_EINVAL)
{
	static const char line[] = "1: LEASE  ACTIVE    READ 1 fd:01:2";
	char cut[sizeof(line)] = "";
	size_t n;

	for (n = 0; n < sizeof(line) - 1; n++) {
		other(cut, EINVAL);
		cut[n] = line[n];
	}
}

CASE(status__tgid)
{
	pid_t pid = 0;

	assert_int_equal(proc_parse_tgid("Tgid:\t4711\n", &pid), 0);
	assert_int_equal(pid, 4711);
}

CASE(status__malformed_EINVAL)
{
	static const char *const lines[] = {
		"",	      "Tgid:\n",     "Tgid:\tx\n",  "Pid:\t1\n",
		"Tgid:\t0\n", "Tgid:\t-1\n", "NStgid:\t5\n"};
	pid_t pid = 42;
	size_t i;

	for (i = 0; i < N_OF(lines); i++)
		assert_int_equal(proc_parse_tgid(lines[i], &pid), EINVAL);
	assert_int_equal(pid, 42);
}
