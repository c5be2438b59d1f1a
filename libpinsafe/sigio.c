// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Lease signals, received by the keeper with sigtimedwait(2): no handler runs.
 *
 * A real-time signal, because those queue.  SIGIO itself is never waited for:
 * the waiter would also take what is meant for the program.  If the queue is full
 * the kernel sends it in place of our signal (fs/fcntl.c:send_sigio_to_task), to
 * this thread, where it stays pending until it is seen and taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "log.h"
#include "sigio.h"

/* si_value.sival_ptr of our own sigio_wake() */
static char wake_token;

int sigio_arm(int fd)
{
	struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = gettid() };

	if (fcntl(fd, F_SETSIG, config_get()->signal) ||
	    fcntl(fd, F_SETOWN_EX, &owner))
		return errno;
	return 0;
}

bool sigio_is_armed(int fd)
{
	return fcntl(fd, F_GETSIG) == config_get()->signal;
}

int sigio_wake(pthread_t thread)
{
	union sigval value = { .sival_ptr = &wake_token };

	return pthread_sigqueue(thread, config_get()->signal, value);
}

static void pass_on(siginfo_t *info)
{
	pid_t pid = getpid();

	/* Codes of kill(2) and the like may not be sent to another thread. */
	if (info->si_code >= 0 || info->si_code == SI_TKILL)
		info->si_code = SI_QUEUE;
	if (syscall(SYS_rt_tgsigqueueinfo, pid, pid, info->si_signo, info))
		log_warn("sigio: signal %d of process %d is lost: %s",
			 info->si_signo, info->si_pid, strerror(errno));
}

/*
 * The program may have a lease with our signal number, too.  Its descriptor
 * tells.  Ours may have the same open file description as one of the program,
 * but then the owner is the keeper.  To pass on one of our own signals would
 * kill a program that does not use the number.
 */
static bool is_program_lease(int fd, int (*borrow)(int fd))
{
	struct f_owner_ex owner = { 0 };
	bool is_armed;

	fd = borrow(fd);
	if (fd < 0)
		return false;
	/* No owner: the lease has just ended. */
	is_armed = sigio_is_armed(fd) && !fcntl(fd, F_GETOWN_EX, &owner) &&
		   owner.pid;
	close(fd);
	return is_armed &&
	       !(owner.type == F_OWNER_TID && owner.pid == gettid());
}

static bool is_for_program(const siginfo_t *info,
			   const struct sigio_events *events)
{
	if (info->si_code == POLL_MSG)
		return is_program_lease(info->si_fd, events->borrow);
	return info->si_code != SI_QUEUE ||
	       info->si_value.sival_ptr != &wake_token;
}

/*
 * SIGIO of this thread's own, which the kernel sends in place of a signal that
 * the queue has no room for.  What is pending for the whole process is not ours.
 */
static bool is_sigio_own(void)
{
	unsigned long long pending = 0;
	char line[128];
	FILE *status;

	status = fopen("/proc/thread-self/status", "re");
	if (!status)
		return false;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "SigPnd: %llx", &pending) == 1)
			break;
	fclose(status);
	return pending >> (SIGIO - 1) & 1;
}

static bool has_overflowed(void)
{
	const struct timespec now = {0};
	sigset_t pending, sigio;

	if (sigpending(&pending) || !sigismember(&pending, SIGIO) ||
	    !is_sigio_own())
		return false;
	/* A thread's own comes before the process's (kernel/signal.c). */
	sigemptyset(&sigio);
	sigaddset(&sigio, SIGIO);
	(void)sigtimedwait(&sigio, NULL, &now);
	return true;
}

bool sigio_wait(uint64_t timeout_ns, const struct sigio_events *events)
{
	struct timespec timeout = clock_timespec(timeout_ns);
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, config_get()->signal);
	while (sigtimedwait(&set, &info, &timeout) > 0) {
		/* One of the program's may have our number there. */
		if (info.si_code == POLL_MSG)
			events->broken(info.si_fd);
		if (is_for_program(&info, events))
			pass_on(&info);
		memset(&timeout, 0, sizeof(timeout));
	}
	return has_overflowed();
}
