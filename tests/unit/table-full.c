// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The program's table of descriptors is full: what the keeper needs gets to it by a
 * thread that has a copy of the table with room in it.  Where there can be no such
 * thread, or no copy, the sentence says what failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/child.h"
#include "lib/refused.h"
#include "lib/stack.h"

#define NUMBERS 64

static const struct refused no_copy = { SYS_close_range, .error = EPERM };
static const struct refused no_thread = { SYS_clone3, .error = EPERM };

/* There is no number for a log file either, but standard error is there. */
static int redirect_log(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		return 1;
	close(fd);
	log_file_remember_stderr();
	return 0;
}

static bool is_said(const char *text)
{
	static char said[4096];

	return pread(STDERR_FILENO, said, sizeof(said) - 1, 0) > 0 &&
	       strstr(said, text);
}

/* A device of which the keeper has no descriptor yet */
static struct device other;

/* The keeper is there, with a table of its own. */
static int fill_table(const struct refused *call)
{
	const struct rlimit limit = { NUMBERS, NUMBERS };
	struct ibv_mr *mr;

	stack_open(&other, -1);
	mr = stack_reg(&stack_device, STACK_PAGES, STACK_PAGES);
	if (!mr || stack_dereg(mr) || redirect_log() ||
	    setrlimit(RLIMIT_NOFILE, &limit))
		return 1;
	while (dup(STDERR_FILENO) >= 0)
		;
	if (errno != EMFILE)
		return 2;
	return call && refuse(call) ? 77 : 0;
}

static int register_with(const struct refused *call, int expected,
			 const char *text)
{
	struct ibv_mr *mr;
	int r = fill_table(call);

	if (r)
		return r;
	errno = 0;
	mr = stack_reg(&other, 0, STACK_PAGES);
	if (expected)
		return mr ? 3 : errno != expected ? 4 : is_said(text) ? 0 : 5;
	if (!mr)
		return 6;
	stack_break(STACK_A);
	return stack_dereg(mr) ? 7 : 0;
}

static int carried(void)
{
	return register_with(NULL, 0, NULL);
}

static int without_a_copy(void)
{
	return register_with(&no_copy, EPERM,
			     "because close_range(2) fails with EPERM; a ");
}

static int without_a_thread(void)
{
	return register_with(&no_thread, EPERM,
			     "because clone(2) fails with EPERM; a ");
}

STACK_CASE(full__registered)
{
	child_check(carried, fork);
}

STACK_CASE(full_and_no_copy__said)
{
	child_check(without_a_copy, fork);
}

STACK_CASE(full_and_no_thread__said)
{
	child_check(without_a_thread, fork);
}
