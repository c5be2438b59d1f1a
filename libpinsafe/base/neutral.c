// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a thread inherits from its creator and ours must not keep: whichever
 * thread of the program comes first makes the keeper, which then works for all.
 *
 * Only what is not neutral is changed: a sandbox may kill for these calls, but
 * hardly a program that made them itself.  What is refused is left: the thread
 * is slower than it could be then, and no less right.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/neutral.h"
#include "base/sys.h"

/* The kernel's default */
#define TIMER_SLACK_NS 50000

/* As in linux/ioprio.h, which older headers do not have */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_NONE 0

#define CPUS_SIZE (8192 / 8)

/*
 * A program that polls, pinned to a CPU, must not keep a break waiting.  The
 * kernel cuts this to the cpuset of the thread.
 */
static void leave_cpus(void)
{
	unsigned long cpus[CPUS_SIZE / sizeof(long)] = { 0 };
	long size, n = 0;
	size_t i;

	size = SYS_CALL(sched_getaffinity, 0, sizeof(cpus), cpus);
	for (i = 0; i < sizeof(cpus) / sizeof(long); i++)
		n += __builtin_popcountl(cpus[i]);
	/* Makes its calls past interposers; 1, or as many, if nobody knows */
	if (size <= 0 || n >= sysconf(_SC_NPROCESSORS_ONLN))
		return;
	memset(cpus, 0xff, sizeof(cpus));
	(void)SYS_CALL(sched_setaffinity, 0, size, cpus);
}

/* What is known, and is not @wanted */
static bool is_other(long answer, long wanted)
{
	return answer >= 0 && wanted >= 0 && answer != wanted;
}

/* A time-sharing thread, and as nice as the main thread is */
static void leave_scheduling(void)
{
	const struct sched_param param = { 0 };
	/* 20 - nice: getpriority(2) */
	long own = SYS_CALL(getpriority, PRIO_PROCESS, 0), of_main = -1;
	pid_t pid = sys_getpid();

	if (pid > 0)
		of_main = SYS_CALL(getpriority, PRIO_PROCESS, pid);
	if (is_other(SYS_CALL(sched_getscheduler, 0), SCHED_OTHER))
		(void)SYS_CALL(sched_setscheduler, 0, SCHED_OTHER, &param);
	if (is_other(own, of_main))
		(void)SYS_CALL(setpriority, PRIO_PROCESS, 0, 20 - of_main);
	if (is_other(SYS_CALL(ioprio_get, IOPRIO_WHO_PROCESS, 0), IOPRIO_NONE))
		(void)SYS_CALL(ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_NONE);
	if (is_other(SYS_CALL(prctl, PR_GET_TIMERSLACK), TIMER_SLACK_NS))
		(void)SYS_CALL(prctl, PR_SET_TIMERSLACK, TIMER_SLACK_NS);
}

void neutral_become(const char *name)
{
	(void)SYS_CALL(prctl, PR_SET_NAME, name);
	leave_cpus();
	leave_scheduling();
}

/* What our threads need themselves, lazy binding included */
#define STACK_SIZE (256 << 10)

/*
 * The program's default has room for its thread-local variables, and may have little
 * more than that.
 */
static size_t stack_size(void)
{
	pthread_attr_t defaults;
	size_t size;

	(void)pthread_attr_init(&defaults);
	(void)pthread_attr_getstacksize(&defaults, &size);
	(void)pthread_attr_destroy(&defaults);
	return size + STACK_SIZE;
}

/* A limit that is one; RLIM_NLIMITS: none is, so it is the machine. */
static int limit_of(int resource)
{
	struct rlimit limit;

	return SYS_CALL(prlimit64, 0, resource, NULL, &limit) ||
			       limit.rlim_cur == RLIM_INFINITY ?
		       RLIM_NLIMITS :
		       resource;
}

/* @call has failed with errno, and for want of memory that is @resource. */
static void record(struct cause *cause, const char *call, int resource,
		   size_t size)
{
	char text[32];

	if (errno != EAGAIN && errno != ENOMEM) {
		(void)cause_call(cause, call, errno);
		return;
	}
	/* mm/mmap.c:mlock_future_ok(), after mlockall(2) with MCL_FUTURE */
	if (errno == EAGAIN)
		resource = RLIMIT_MEMLOCK;
	snprintf(text, sizeof(text), "%zu KiB", size / 1024);
	cause_set(cause, CAUSE_NO_STACK, text);
	cause->start = limit_of(resource);
}

/*
 * pthread_create(3) has one errno for a limit of threads, for stacks that do not
 * fit, and for each call that it makes.  So they are tried, as it makes them.
 */
void neutral_why_not(int error, struct cause *cause)
{
	size_t size = stack_size();
	long stack = SYS_CALL(mmap, NULL, size, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1);

	if (stack == -1) {
		record(cause, "mmap(2)", RLIMIT_AS, size);
		return;
	}
	if (SYS_CALL(mprotect, stack, size, PROT_READ | PROT_WRITE))
		record(cause, "mprotect(2)", RLIMIT_DATA, size);
	else if (error == EAGAIN || error == ENOMEM)
		cause_set(cause, CAUSE_NO_THREAD, "");
	else
		(void)cause_call(cause, "clone(2)", error);
	(void)SYS_CALL(munmap, stack, size);
}

int neutral_start(void *(*run)(void *arg), void *arg, struct cause *cause,
		  pthread_t *ret_thread)
{
	pthread_attr_t attr;
	int r;

	/* None of them can fail in this C library. */
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, stack_size());
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(ret_thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	if (r && cause)
		neutral_why_not(r, cause);
	return r;
}
