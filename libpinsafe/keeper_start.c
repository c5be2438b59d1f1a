// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Is there a keeper, and if not, why? */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/neutral.h"
#include "keeper.h"

/*
 * pthread_create(3) says EAGAIN of a limit of threads and of a stack that does
 * not fit, as into RLIMIT_MEMLOCK after mlockall(2) with MCL_FUTURE.
 */
static void record_no_thread(struct cause *cause)
{
	size_t size = neutral_stack_size();
	void *stack;

	cause->kind = CAUSE_NO_THREAD;
	if (!size)
		return;
	stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack != MAP_FAILED) {
		munmap(stack, size);
		return;
	}
	cause->kind = CAUSE_NO_STACK;
	snprintf(cause->detail, sizeof(cause->detail), "%zu KiB", size / 1024);
}

int keeper_start(struct cause *cause)
{
	/* The process that has one: a child of fork(2) starts its own. */
	static _Atomic pid_t started;
	pid_t pid = getpid();
	int r;

	if (atomic_load(&started) == pid)
		return 0;
	r = keeper_run(cause);
	if (!r)
		atomic_store(&started, pid);
	else if (cause->kind == CAUSE_UNKNOWN && (r == EAGAIN || r == ENOMEM))
		record_no_thread(cause);
	else if (cause->kind == CAUSE_UNKNOWN)
		(void)cause_call(cause, "clone(2)", r);
	return r;
}
