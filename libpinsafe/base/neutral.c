// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a thread inherits from its creator and ours must not keep: whichever
 * thread of the program comes first makes the keeper, which then works for all.
 *
 * Only what is not neutral is changed: a sandbox may kill for these calls, but
 * hardly a program that made them itself.  What is refused is left: the thread
 * is slower than it could be then, and no less right.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/neutral.h"
#include "base/sys.h"
#include "base/sys_lines.h"

/* The kernel's default */
#define TIMER_SLACK_NS 50000

/* As in linux/ioprio.h, which older headers do not have */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_NONE 0

#define CPUS_SIZE (8192 / 8)

/* As "0-3,8": how many; 0: nobody knows */
static int n_cpus_online(void)
{
	char text[4096], *at = text, *end;
	long first, last;
	int n = 0;

	(void)sys_read_line("/sys/devices/system/cpu/online", text,
			    sizeof(text));
	for (;; at = end + 1) {
		first = last = strtol(at, &end, 10);
		if (end == at)
			return n;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		n += last - first + 1;
		if (*end != ',')
			return n;
	}
}

/*
 * A program that polls, pinned to a CPU, must not keep a break waiting.  The
 * kernel cuts this to the cpuset of the thread.
 */
static void leave_cpus(void)
{
	unsigned long cpus[CPUS_SIZE / sizeof(long)] = { 0 };
	int n = 0;
	size_t i;
	long size;

	size = SYS_CALL(sched_getaffinity, 0, sizeof(cpus), cpus);
	for (i = 0; i < sizeof(cpus) / sizeof(long); i++)
		n += __builtin_popcountl(cpus[i]);
	if (size <= 0 || n >= n_cpus_online())
		return;
	memset(cpus, 0xff, sizeof(cpus));
	(void)SYS_CALL(sched_setaffinity, 0, size, cpus);
}

/* getpriority(2): the system call says 20 - nice. */
static long nice_of(pid_t tid)
{
	return 20 - SYS_CALL(getpriority, PRIO_PROCESS, tid);
}

/* A time-sharing thread, and as nice as the main thread is */
static void leave_scheduling(void)
{
	const struct sched_param param = { 0 };
	long nice = nice_of(sys_getpid());

	if (SYS_CALL(sched_getscheduler, 0) != SCHED_OTHER)
		(void)SYS_CALL(sched_setscheduler, 0, SCHED_OTHER, &param);
	if (nice_of(0) != nice)
		(void)SYS_CALL(setpriority, PRIO_PROCESS, 0, nice);
	if (SYS_CALL(ioprio_get, IOPRIO_WHO_PROCESS, 0) != IOPRIO_NONE)
		(void)SYS_CALL(ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_NONE);
	if (SYS_CALL(prctl, PR_GET_TIMERSLACK) != TIMER_SLACK_NS)
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
static size_t size_with(const pthread_attr_t *defaults)
{
	size_t size = 0;

	(void)pthread_attr_getstacksize(defaults, &size);
	return size + STACK_SIZE;
}

size_t neutral_stack_size(void)
{
	pthread_attr_t attr;
	size_t size;

	if (pthread_attr_init(&attr))
		return 0;
	size = size_with(&attr);
	pthread_attr_destroy(&attr);
	return size;
}

int neutral_start(void *(*run)(void *arg), void *arg, pthread_t *ret_thread)
{
	pthread_attr_t attr;
	int r;

	r = pthread_attr_init(&attr);
	if (r)
		return r;
	(void)pthread_attr_setstacksize(&attr, size_with(&attr));
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(ret_thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	return r;
}
