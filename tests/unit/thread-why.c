// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Why there is no thread: pthread_create(3) has few errnos for what it calls */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/neutral.h"
#include "lib/child.h"
#include "lib/refused.h"
#include "lib/test.h"

static const struct row {
	const char *name;
	int error;		/* of pthread_create(3) */
	struct refused call;
	int limited;		/* a resource of which there is too little */
	enum cause_kind expected;
	const char *detail;
} rows[] = {
	{ "a limit of threads", EAGAIN, .expected = CAUSE_NO_THREAD, "" },
	{ "clone", EPERM, .expected = CAUSE_CALL, "clone(2)" },
	{ "mmap", EPERM, .call = { SYS_mmap, .error = EPERM },
	  .expected = CAUSE_CALL, "mmap(2)" },
	{ "mprotect", EAGAIN, .call = { SYS_mprotect, .error = ENOSYS },
	  .expected = CAUSE_CALL, "mprotect(2)" },
	{ "address space", EAGAIN, .limited = RLIMIT_AS,
	  .expected = CAUSE_NO_STACK, " KiB" },
	{ "data", EAGAIN, .limited = RLIMIT_DATA, .expected = CAUSE_NO_STACK,
	  " KiB" },
	{ "locked memory", EAGAIN, .limited = RLIMIT_MEMLOCK,
	  .expected = CAUSE_NO_STACK, " KiB" },
	/* Neither of the limits */
	{ "memory", EAGAIN, .call = { SYS_mprotect, .error = ENOMEM },
	  .limited = -1, .expected = CAUSE_NO_STACK, " KiB" },
};

static const struct row *row;

static int limit(void)
{
	struct rlimit small = { 64 << 10, 64 << 10 };
	int resource = row->limited;

	if (resource <= 0)
		return 0;
	if (setrlimit(resource, &small))
		return 10;
	if (resource != RLIMIT_MEMLOCK)
		return 0;
	/* Root may lock as much as he likes. */
	return setresuid(65534, 65534, 65534) || mlockall(MCL_FUTURE) ? 11 : 0;
}

static int check(void)
{
	struct cause cause = { .kind = CAUSE_UNKNOWN };
	int r = limit();

	if (r)
		return r;
	if (row->call.error && refuse(&row->call))
		return 77;
	neutral_why_not(row->error, &cause);
	if (cause.kind != row->expected || !strstr(cause.detail, row->detail))
		return 1;
	if (row->limited)
		return cause.start ==
				       (row->limited < 0 ? RLIM_NLIMITS :
							   row->limited) ?
			       0 :
			       2;
	return 0;
}

static void recorded(void **state)
{
	row = *state;
	child_check(check, fork);
}

int main(void)
{
	add_rows(rows, recorded, NULL, NULL);
	return run_cases();
}
