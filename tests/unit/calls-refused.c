// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Each system call on the way to a memory region under a layout lease fails, as in
 * a sandbox, or for want of something: the sentence names that call and what helps,
 * and nothing is left; or there is another way.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/refused.h"
#include "lib/stack.h"
#include "lib/ways.h"
#include "policy/config.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
/* PROCMAP_QUERY, which older headers do not have */
#define QUERY_MAP _IOC(_IOC_READ | _IOC_WRITE, 'f', 17, 104)

#define SANDBOX                                                               \
	WAY("a sandbox forbids it (seccomp, Landlock, a security module), so " \
	    "have it allowed as Documentation/containers.md of pinsafe says")
#define FILTER                                                                \
	WAY("a sandbox forbids it, most likely the seccomp filter that this " \
	    "process has, so have it allowed as Documentation/containers.md " \
	    "of pinsafe says")
#define HIDDEN                                                                \
	WAY("the kernel is older than that or a sandbox hides it (seccomp), " \
	    "so have it allowed as Documentation/containers.md of pinsafe says")
#define MEMORY WAY("try again when there is more memory")

static const struct row {
	const char *name;
	struct refused call;
	/* Of fcntl(2) on files with leases, which are not real ones here */
	int command, command_errno;
	const char *path;	/* that cannot be opened */
	int path_errno;
	int expected;		/* 0: it is registered all the same */
	const char *cause, *way_out;
} rows[] = {
	/* The keeper */
	{ "clone3", .call = { SYS_clone3, .error = EPERM },
	  .expected = EPERM, "cannot start, because clone(2) fails with EPERM",
	  FILTER },
	{ "close_range", .call = { SYS_close_range, .error = EPERM },
	  .expected = EPERM, "because close_range(2) fails with EPERM",
	  FILTER },
	{ "close_range, none", .call = { SYS_close_range, .error = ENOSYS },
	  .expected = ENOSYS, "because close_range(2) fails with ENOSYS",
	  HIDDEN },
	/* As if it were no thread */
	{ "close_range, no memory",
	  .call = { SYS_close_range, .error = ENOMEM }, .expected = ENOMEM,
	  "because close_range(2) fails with ENOMEM", MEMORY },
	/* What is mapped */
	{ "maps", .path = "/proc/thread-self/maps", .path_errno = EPERM,
	  .expected = EPERM, "/proc/self/maps cannot be read", SANDBOX },
	{ "maps, no descriptor", .path = "/proc/thread-self/maps",
	  .path_errno = ENFILE, .expected = ENFILE,
	  "/proc/self/maps cannot be read",
	  WAY("the machine has as many files open as it may, so raise /proc/sys/fs/file-max") },
	{ "maps, none left", .path = "/proc/thread-self/maps",
	  .path_errno = EMFILE, .expected = EMFILE,
	  "/proc/self/maps cannot be read",
	  WAY("close files or raise RLIMIT_NOFILE (ulimit -n)") },
	{ "maps, no /proc", .path = "/proc/thread-self/maps",
	  .path_errno = ENOENT, .expected = ENOENT,
	  "/proc/self/maps cannot be read", "; mount /proc" },
	{ "PROCMAP_QUERY", .call = { SYS_ioctl, 2, QUERY_MAP, EPERM } },
	{ "PROCMAP_QUERY, none", .call = { SYS_ioctl, 2, QUERY_MAP, ENOSYS } },
	{ "statx", .call = { SYS_statx, .error = EPERM },
	  .expected = EOPNOTSUPP, "because statx(2) fails with EPERM", FILTER },
	{ "mremap", .call = { SYS_mremap, .error = EPERM } },
	/* Descriptors on their way to the keeper */
	{ "pidfd_getfd", .call = { SYS_pidfd_getfd, .error = EPERM } },
	{ "kcmp", .call = { SYS_kcmp, .error = EPERM } },
	{ "getrandom", .call = { SYS_getrandom, .error = EPERM },
	  .expected = EPERM, "because getrandom(2) fails with EPERM", FILTER },
	{ "socket", .call = { SYS_socket, 1, AF_UNIX, EPERM },
	  .expected = EPERM, "because socket(2) fails with EPERM", FILTER },
	{ "socket, none of that family",
	  .call = { SYS_socket, 1, AF_UNIX, EAFNOSUPPORT },
	  .expected = EAFNOSUPPORT, "because socket(2) fails",
	  WAY("the process may have no AF_UNIX sockets, so have them allowed (RestrictAddressFamilies= of systemd)") },
	{ "socket, no memory", .call = { SYS_socket, 1, AF_UNIX, ENOBUFS },
	  .expected = ENOBUFS, "because socket(2) fails", MEMORY },
	{ "socket, no descriptor", .call = { SYS_socket, 1, AF_UNIX, EMFILE },
	  .expected = EMFILE, "because socket(2) fails with EMFILE",
	  WAY("close files or raise RLIMIT_NOFILE (ulimit -n)") },
	{ "socket of a handover, no descriptor",
	  .call = { SYS_socket, 2,
		    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, EMFILE },
	  .expected = EMFILE, "the keeper cannot get hold of the device",
	  WAY("close files or raise RLIMIT_NOFILE (ulimit -n)") },
	{ "bind", .call = { SYS_bind, .error = EACCES }, .expected = EACCES,
	  "because bind(2) fails with EACCES", FILTER },
	{ "listen", .call = { SYS_listen, .error = EPERM }, .expected = EPERM,
	  "because listen(2) fails with EPERM", FILTER },
	{ "connect", .call = { SYS_connect, .error = EPERM },
	  .expected = EPERM, "because connect(2) fails with EPERM", FILTER },
	{ "connect, elsewhere",
	  .call = { SYS_connect, .error = ECONNREFUSED },
	  .expected = ECONNREFUSED, "in another network name space",
	  WAY("register in the same") },
	{ "sendmsg", .call = { SYS_sendmsg, .error = EPERM },
	  .expected = EPERM, "because sendmsg(2) fails with EPERM", FILTER },
	{ "accept4", .call = { SYS_accept4, .error = EPERM },
	  .expected = EPERM, "because accept4(2) fails with EPERM", FILTER },
	/* Not a lease that is being broken, which has the same errno */
	{ "accept4, not now", .call = { SYS_accept4, .error = EAGAIN },
	  .expected = EAGAIN, "accept4(2) had no answer but",
	  WAY("try again when the machine has more to spare") },
	{ "getsockopt", .call = { SYS_getsockopt, .error = EPERM },
	  .expected = EPERM, "because getsockopt(2) fails with EPERM",
	  FILTER },
	{ "recvmsg", .call = { SYS_recvmsg, .error = EPERM },
	  .expected = EPERM, "because recvmsg(2) fails with EPERM", FILTER },
	/* The lease */
	{ "open of the file, no descriptor",
	  .call = { SYS_openat, 3,
		    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, EMFILE },
	  .expected = EMFILE, "there is none left",
	  WAY("raise RLIMIT_NOFILE (ulimit -n), to %llu for 1024 more files") },
	{ "F_SETSIG", .command = F_SETSIG, .command_errno = EPERM,
	  .expected = EPERM, "because fcntl(2) with F_SETSIG fails", SANDBOX },
	{ "F_SETOWN_EX", .command = F_SETOWN_EX, .command_errno = ENOMEM,
	  .expected = ENOMEM, "because fcntl(2) with F_SETOWN_EX fails",
	  MEMORY },
	{ "F_SETLEASE", .command = F_SETLEASE, .command_errno = EPERM,
	  .expected = EPERM, "because fcntl(2) with F_SETLEASE fails",
	  SANDBOX },
	{ "F_SETLEASE, none", .command = F_SETLEASE, .command_errno = ENOSYS,
	  .expected = ENOSYS, "because fcntl(2) with F_SETLEASE fails",
	  HIDDEN },
	{ "F_SETLEASE, no memory", .command = F_SETLEASE,
	  .command_errno = ENOMEM, .expected = ENOMEM,
	  "because fcntl(2) with F_SETLEASE fails", MEMORY },
	/* The owner would have it from the kernel */
	{ "F_SETLEASE, of a file of ours", .command = F_SETLEASE,
	  .command_errno = EACCES, .expected = EACCES,
	  "because fcntl(2) with F_SETLEASE fails with EACCES", SANDBOX },
	{ "F_GETLEASE", .command = F_GETLEASE, .command_errno = EPERM,
	  .expected = EPERM, "because fcntl(2) with F_GETLEASE fails",
	  SANDBOX },
	/* Pages, and the device */
	{ "MADV_POPULATE_WRITE",
	  .call = { SYS_madvise, 3, MADV_POPULATE_WRITE, EPERM },
	  .expected = EPERM, "because madvise(2) fails with EPERM", FILTER },
	{ "MADV_POPULATE_WRITE, no memory",
	  .call = { SYS_madvise, 3, MADV_POPULATE_WRITE, ENOMEM },
	  .expected = ENOMEM, "because madvise(2) fails with ENOMEM", MEMORY },
	{ "F_OFD_SETLK", .call = { SYS_fcntl, 2, F_OFD_SETLK, ENOLCK },
	  .expected = ENOLCK, "because fcntl(2) with F_OFD_SETLK fails",
	  WAY("try again, and if it stays so see the kernel log") },
	/* Not a thread that has another device */
	{ "F_OFD_GETLK", .call = { SYS_fcntl, 2, F_OFD_GETLK, EPERM },
	  .expected = EPERM, "because fcntl(2) with F_OFD_GETLK fails",
	  FILTER },
};

static const struct row *row;
static bool is_followed; /* what the sentence says is done */

static int check_said(void)
{
	const char *log = stack_log();

	if (!strstr(log, "registration refused with") ||
	    !strstr(log, row->cause) || !ways_says(log, row->way_out)) {
		print_error("%s: %s\n", row->name, log);
		return 2;
	}
	return strchr(log, '\n') != strrchr(log, '\n') ? 3 : 0;
}

static int check_registered(struct ibv_mr *mr)
{
	if (!mr) {
		print_error("%s: %s\n", row->name, stack_log());
		return 4;
	}
	stack_break(STACK_A);
	return stack_dereg(mr) ? 5 : 0;
}

static int try(void)
{
	struct ibv_mr *mr;
	int error;

	if (is_followed)
		return check_registered(
			stack_reg(&stack_device, 0, STACK_PAGES));
	if (row->path)
		fake_open_fails(row->path, row->path_errno);
	fake_fcntl.refused_command = row->command;
	fake_fcntl.refused_errno = row->command_errno;
	/* It is opened as the files are that are leased. */
	(void)config_get();
	if (row->call.error && refuse(&row->call))
		return 77;
	errno = 0;
	mr = stack_reg(&stack_device, 0, STACK_PAGES);
	error = errno;
	if (!row->expected)
		return check_registered(mr);
	if (mr || error != row->expected) {
		print_error("%s: %s\n", row->name, strerror(error));
		return 1;
	}
	if (stack_stats().leases || fake_lease_exists(STACK_A))
		return 6;
	return check_said();
}

/* A process for each: a filter stays, and so does the keeper. */
static void refused(void **state)
{
	row = *state;
	is_followed = false;
	child_check(try, fork);
	is_followed = true;
	child_check(try, fork);
}

int main(void)
{
	setenv("PINSAFE_RETAKE_MS", "20", 1);
	add_rows(rows, refused, stack_setup, stack_teardown);
	return run_cases();
}
