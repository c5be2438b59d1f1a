// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * fork(2): nothing of ours works in the child, it has no keeper and no lease.
 * So all state starts afresh there.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/lock.h"

static fork_forget *const *stages;
static size_t n_stages;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int setup_error;
/* The kernel clears it in a child (MADV_WIPEONFORK). */
static volatile char *is_same_process;
/* The process that it is set for, where the kernel does not do so; else 0 */
static volatile pid_t process;
static __thread struct section forking_section;

void fork_set_stages(fork_forget *const *all, size_t n)
{
	stages = all;
	n_stages = n;
}

static void prepare(void)
{
	struct section section;

	section_enter(&section);
	locks_take_to_fork();
	forking_section = section;
}

static void parent(void)
{
	struct section section = forking_section;

	locks_give_after_fork();
	section_leave(&section);
}

static void start_afresh(void)
{
	size_t i;

	*is_same_process = 1;
	if (process)
		process = getpid();
	locks_forget();
	for (i = 0; i < n_stages; i++)
		stages[i]();
}

void fork_check(void)
{
	if (is_same_process &&
	    (!*is_same_process || (process && process != getpid())))
		start_afresh();
}

/* A handler of the program may have come first, and have registered memory. */
static void child(void)
{
	struct section section = forking_section;

	fork_check();
	section_leave(&section);
}

static void setup(void)
{
	long page_size = sysconf(_SC_PAGESIZE);
	void *page;

	page = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		setup_error = ENOMEM;
		return;
	}
	if (madvise(page, page_size, MADV_WIPEONFORK))
		process = getpid();
	is_same_process = page;
	*is_same_process = 1;
	setup_error = pthread_atfork(prepare, parent, child);
}

int fork_setup(void)
{
	pthread_once(&once, setup);
	return setup_error;
}
