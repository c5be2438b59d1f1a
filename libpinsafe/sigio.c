// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Lease signals, received by the keeper with sigtimedwait(2): no handler runs.
 *
 * A real-time signal, because those queue.  SIGIO itself is never waited for:
 * the waiter would also take what is meant for the program.  If the queue is full
 * the kernel sends it in place of our signal (fs/fcntl.c:send_sigio_to_task), to
 * this thread, where it stays pending until it is seen and taken.  Nothing wakes
 * the waiter then, so it looks again soon, for as long as the queue is full.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/sys_lines.h"
#include "lease.h"
#include "policy/config.h"
#include "refusal/refusal.h"
#include "sigio.h"

#define FULL_INTERVAL_NS (10 * NSEC_PER_MSEC)

/* si_value.sival_ptr of our own sigio_wake() */
static char wake_token;
/* The keeper's, which asks for them once: a sandbox may come to forbid it */
static pid_t own_pid, own_tid;
/* Of the last sigio_wake(): EAGAIN if RLIMIT_SIGPENDING is reached */
static _Atomic int wake_error;
/* Of the keeper's thread: what it waits with is denied. */
static atomic_bool is_deaf;

/* Of the keeper's thread when it armed for the first time: real, effective, saved */
static uid_t first_ids[3] = { -1, -1, -1 };
static bool has_armed;

/* False: nobody can tell. */
static bool read_ids(uid_t *ids)
{
	return !SYS_CALL(getresuid, &ids[0], &ids[1], &ids[2]);
}

/* Whoever begins to ignore a signal takes what is pending of it (sigaction(2)). */
static bool is_ignored(int signal)
{
	void (*handler)(int);

	return sys_sighandler(signal, &handler) || handler == SIG_IGN;
}

/*
 * The kernel asks whether who has armed, as he was then, may signal this thread as
 * it is now, and says nothing if not (fs/fcntl.c:sigio_perm).
 */
bool sigio_is_sure(void)
{
	uid_t now[3];

	return read_ids(now) && !memcmp(now, first_ids, sizeof(now)) &&
	       !is_ignored(config_get()->signal) && !is_ignored(SIGIO);
}

int sigio_arm(int fd, struct cause *cause)
{
	struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = own_tid };

	if (!has_armed)
		(void)read_ids(first_ids);
	has_armed = true;
	if (sys_fcntl(fd, F_SETSIG, config_get()->signal))
		return cause_call(cause, "fcntl(2) with F_SETSIG", errno);
	if (sys_fcntl(fd, F_SETOWN_EX, (uintptr_t)&owner))
		return cause_call(cause, "fcntl(2) with F_SETOWN_EX", errno);
	return 0;
}

static bool is_armed(int fd)
{
	return sys_fcntl(fd, F_GETSIG, 0) == config_get()->signal;
}

/* Of an ordinary lease the program may have changed one of the two. */
bool sigio_is_forgotten(int fd)
{
	struct f_owner_ex owner;

	/* That nobody may ask is no answer. */
	return !is_armed(fd) &&
	       !sys_fcntl(fd, F_GETOWN_EX, (uintptr_t)&owner) && !owner.pid;
}

void sigio_disown(int fd)
{
	struct f_owner_ex nobody = { .type = F_OWNER_PID };

	/* The room for an owner is there: this cannot fail. */
	(void)sys_fcntl(fd, F_SETOWN_EX, (uintptr_t)&nobody);
}

bool sigio_is_disowned(int fd)
{
	struct f_owner_ex owner;

	/* A thread that is not in this pid name space shows as 0, too. */
	return is_armed(fd) &&
	       !sys_fcntl(fd, F_GETOWN_EX, (uintptr_t)&owner) &&
	       owner.type == F_OWNER_PID && !owner.pid;
}

void sigio_wake(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	/* Nobody would take it out of the queue, which is that of all of the user. */
	if (is_deaf)
		return;
	info.si_value.sival_ptr = &wake_token;
	atomic_store(&wake_error,
		     SYS_CALL(rt_tgsigqueueinfo, own_pid, own_tid,
			      config_get()->signal, &info) ?
			     errno :
			     0);
}

int sigio_start(struct cause *cause)
{
	own_pid = sys_getpid();
	if (own_pid < 0)
		return cause_call(cause, "getpid(2)", errno);
	own_tid = sys_gettid();
	if (own_tid < 0)
		return cause_call(cause, "gettid(2)", errno);
	return 0;
}

/* Once for each: such a thing stays. */
static void tell_denied(const char *call, int error)
{
	static const char *told;

	if (told != call)
		log_warn("sigio: %s fails with %s, so that the keeper looks for breaks and requests every 10 ms; %s",
			 call, strerrorname_np(error), refusal_way_out(error));
	told = call;
}

static void pass_on(siginfo_t *info)
{
	/* Codes of kill(2) and the like may not be sent to another thread. */
	if (info->si_code >= 0 || info->si_code == SI_TKILL)
		info->si_code = SI_QUEUE;
	if (SYS_CALL(rt_tgsigqueueinfo, own_pid, own_pid, info->si_signo, info))
		log_warn("sigio: signal %d of process %d is lost: %s",
			 info->si_signo, info->si_pid, strerror(errno));
}

/* Our lease may be on the open file description that the program has there. */
static int is_lease_of_program(const char *line, void *arg)
{
	unsigned int major, minor;
	unsigned long long ino;

	if (sscanf(line, "lock: %*d: LEASE BREAKING %*s %*d %x:%x:%llu", &major,
		   &minor, &ino) != 3)
		return -1;
	return lease_exists_blind(makedev(major, minor), ino) ? -1 : 1;
}

/*
 * The program may have leases with our signal number, too, of whose breaks the
 * keeper hears, as one thread of the process.  To pass on a signal of our own
 * would kill a program that does not use the number; so there has to be a lease
 * under the number that the signal names, and none of ours.
 *
 * The kernel shows it with the descriptor (fdinfo, proc(5)):
 *
 *   lock:	1: LEASE  BREAKING  READ 4711 08:01:1234 0 EOF
 */
static bool is_for_program(const siginfo_t *info)
{
	char path[64];

	if (info->si_code != POLL_MSG)
		return info->si_code != SI_QUEUE ||
		       info->si_value.sival_ptr != &wake_token;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", info->si_fd);
	return sys_lines_find(path, is_lease_of_program, NULL) > 0;
}

/*
 * SIGIO of this thread's own, which the kernel sends in place of a signal that
 * the queue has no room for.  What is pending for the whole process is not ours.
 */
static int read_pending(const char *line, void *arg)
{
	unsigned long long *pending = arg;

	return sscanf(line, "SigPnd: %llx", pending) == 1 ? 1 : -1;
}

static bool has_overflowed(void)
{
	const struct timespec now = {0};
	unsigned long long own;
	sigset_t pending, sigio;

	if (sys_sigpending(&pending))
		return true;
	if (!sigismember(&pending, SIGIO))
		return false;
	/* No /proc: whosever it is, it stays, as it may be the program's. */
	if (sys_lines_find("/proc/thread-self/status", read_pending, &own) < 0)
		return true;
	if (!(own >> (SIGIO - 1) & 1))
		return false;
	/* A thread's own comes before the process's (kernel/signal.c). */
	sigemptyset(&sigio);
	sigaddset(&sigio, SIGIO);
	(void)sys_sigtimedwait(&sigio, NULL, &now);
	return true;
}

bool sigio_wait(uint64_t timeout_ns, void (*broken)(int fd))
{
	static const uint32_t never;
	int error = atomic_load(&wake_error);
	struct timespec timeout;
	siginfo_t info;
	sigset_t set;

	if ((error || is_deaf) && timeout_ns > FULL_INTERVAL_NS)
		timeout_ns = FULL_INTERVAL_NS;
	if (error && error != EAGAIN)
		tell_denied("rt_tgsigqueueinfo(2)", error);
	timeout = clock_timespec(timeout_ns);
	if (is_deaf) {
		/* The one call that no program with threads is without */
		(void)SYS_CALL(futex, &never, FUTEX_WAIT_PRIVATE, 0, &timeout);
		return true;
	}
	sigemptyset(&set);
	sigaddset(&set, config_get()->signal);
	while (sys_sigtimedwait(&set, &info, &timeout) > 0) {
		/* One of the program's may have our number there. */
		if (info.si_code == POLL_MSG)
			broken(info.si_fd);
		if (is_for_program(&info))
			pass_on(&info);
		memset(&timeout, 0, sizeof(timeout));
	}
	if (errno != EAGAIN && errno != EINTR) {
		is_deaf = true;
		tell_denied("rt_sigtimedwait(2)", errno);
		return true;
	}
	if (error)
		sigio_wake();
	return has_overflowed();
}
