// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Each system call that a registration, a break and a deregistration make is denied
 * in turn, before the first of them or after one, as a sandbox may: nobody hangs, no
 * thread of ours spins, and the log says nothing that is not so.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "lib/ordinary.h"
#include "lib/refused.h"

#define N_NUMBERS 1024

/* What no program with threads is without, and ends one of the C library; the end */
static const int exempt[] = { SYS_futex, SYS_rseq, SYS_exit, SYS_exit_group };

static const struct row {
	const char *name;
	int (*setup)(void **state);
	int error;
	bool is_later;		/* there is a memory region, and the keeper */
} rows[] = {
	{ "layout, at first, EPERM", stack_setup, EPERM, false },
	{ "layout, at first, ENOSYS", stack_setup, ENOSYS, false },
	{ "layout, later, EPERM", stack_setup, EPERM, true },
	{ "layout, later, ENOSYS", stack_setup, ENOSYS, true },
	{ "ordinary, at first, EPERM", ordinary_setup, EPERM, false },
	{ "ordinary, later, EPERM", ordinary_setup, EPERM, true },
};

/* Of a child, for its parent */
static struct shared {
	atomic_bool is_done;
	int reg_error;		/* of the memory region of afterwards */
	int dereg_error;
	bool is_registered, is_released, has_lease;
	bool is_made[N_NUMBERS];
} *shared;

static const struct row *row;

/* By what cannot be denied */
static void pause_ms(unsigned int ms)
{
	const struct timespec timeout = { .tv_nsec = ms * NSEC_PER_MSEC };
	static const int never;

	(void)syscall(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 0, &timeout);
}

static struct ibv_mr *reg(int i)
{
	return stack_reg(&stack_device, i * STACK_PAGES, STACK_PAGES);
}

static bool is_gone_in_time(const struct file *file)
{
	int i;

	for (i = 0; fake_lease_exists(file) && i < 1500; i++)
		pause_ms(1);
	return !fake_lease_exists(file);
}

static void run(const struct refused *call, int (*deny)(const struct refused *))
{
	struct ibv_mr *first = NULL, *mr;
	const struct file *broken = row->is_later ? STACK_A : STACK_B;

	if (row->is_later)
		first = reg(0);
	if ((row->is_later && !first) || deny(call))
		_exit(1);
	errno = 0;
	mr = reg(1);
	shared->reg_error = mr ? 0 : errno;
	shared->is_registered = first || mr;
	fake_break_begin(broken);
	/* A layout lease goes with its descriptor, of which the fakes know nothing. */
	shared->is_released = (call->number == SYS_fcntl && fake_statx_is_dax) ||
			      is_gone_in_time(broken);
	if (mr)
		shared->dereg_error |= stack_dereg(mr);
	if (first)
		shared->dereg_error |= stack_dereg(first);
	shared->has_lease = fake_lease_exists(STACK_A) ||
			    fake_lease_exists(STACK_B);
	atomic_store(&shared->is_done, true);
	for (;;)
		pause_ms(999);
}

/* Which calls there are: a thread is told of each, and lets it pass. */

static _Atomic int listener = -1;

static void *listen_for_ever(void *arg)
{
	struct seccomp_notif notice;
	struct seccomp_notif_resp answer;

	while (atomic_load(&listener) < 0)
		pause_ms(1);
	for (;;) {
		memset(&notice, 0, sizeof(notice));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice))
			continue;
		shared->is_made[notice.data.nr] = true;
		answer = (struct seccomp_notif_resp){
			.id = notice.id,
			.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
		};
		(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	return NULL;
}

static int notify(const struct refused *unused)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog program = { .len = 1, .filter = filter };
	pthread_t thread;

	if (pthread_create(&thread, NULL, listen_for_ever, NULL) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return errno;
	listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			   SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return listener < 0 ? errno : 0;
}

/* A child whose standard error is @log */
static pid_t start(int log, const struct refused *call,
		   int (*deny)(const struct refused *))
{
	pid_t pid;

	memset((void *)shared, 0, offsetof(struct shared, is_made));
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	unsetenv("PINSAFE_LOG_FILE");
	dup2(log, STDERR_FILENO);
	log_file_remember_stderr();
	run(call, deny);
	_exit(2);
}

static void finish(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static bool is_over(void *arg)
{
	siginfo_t info = { 0 };

	return atomic_load(&shared->is_done) ||
	       waitid(P_PID, *(pid_t *)arg, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid;
}

static bool is_exempt(int number)
{
	size_t i;

	for (i = 0; i < N_OF(exempt); i++)
		if (exempt[i] == number)
			return true;
	return false;
}

/* What stands in for the kernel answers for it. */
static int deny(const struct refused *call)
{
	if (call->number != SYS_fcntl)
		return refuse(call);
	fake_fcntl.refused_command = FAKE_ANY_COMMAND;
	fake_fcntl.refused_errno = call->error;
	return 0;
}

static uint64_t cpu_ns(pid_t pid)
{
	struct timespec ts = { 0 };
	clockid_t clock;

	if (!clock_getcpuclockid(pid, &clock))
		clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static const char *text_of(int log)
{
	static char text[16384];
	ssize_t n = pread(log, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* NULL, or what is wrong with what the child says */
static const char *wrong_claim(const char *log, bool can_say)
{
	char refused[64];

	if (strstr(log, "MAY BE LOST") || strstr(log, "may be lost"))
		return "nothing was lost";
	if (strstr(log, "lease released after") && !shared->is_released)
		return "the lease was not released";
	if (shared->reg_error && can_say) {
		snprintf(refused, sizeof(refused), " refused with %s",
			 strerrorname_np(shared->reg_error));
		if (!strstr(log, refused))
			return "no sentence for a refusal";
		if (!strstr(log, "(2) ") && !strstr(log, " cannot be read"))
			return "the sentence names no call";
	}
	if (shared->is_registered && can_say && !shared->is_released &&
	    !strstr(log, "CANNOT BE RELEASED"))
		return "a lease that is kept, and nobody says so";
	return shared->dereg_error ? "deregistration failed" : NULL;
}

/* 0, or the child, which goes on */
static pid_t try(const struct refused *call)
{
	int log = memfd_create("log", MFD_CLOEXEC);
	pid_t pid = start(log, call, deny);
	const char *wrong = NULL;

	if (!wait_until(is_over, &pid))
		wrong = "it hangs";
	else if (!shared->is_done)
		wrong = "it has ended";
	else
		wrong = wrong_claim(text_of(log), call->number != SYS_write);
	if (wrong) {
		print_error("system call %d: %s: %s\n", call->number, wrong,
			    text_of(log));
		finish(pid);
	}
	close(log);
	return wrong ? 0 : pid;
}

/* Of all that are there, none has more than a tenth of a CPU. */
static unsigned int n_spinning(const pid_t *pids)
{
	uint64_t cpu[N_NUMBERS], since = clock_now_ns(), now;
	unsigned int n = 0;
	int i;

	for (i = 0; i < N_NUMBERS; i++)
		cpu[i] = pids[i] ? cpu_ns(pids[i]) : 0;
	pause_ms(50);
	now = clock_now_ns();
	for (i = 0; i < N_NUMBERS; i++) {
		if (!pids[i] || cpu_ns(pids[i]) - cpu[i] <= (now - since) / 10)
			continue;
		print_error("system call %d: a thread spins\n", i);
		n++;
	}
	return n;
}

/* A child whose calls are told */
static void find_calls(void)
{
	struct row from_first = *row;
	const struct row *saved = row;
	int log = memfd_create("log", MFD_CLOEXEC);
	pid_t pid;

	/* With all that the keeper does */
	from_first.is_later = false;
	row = &from_first;
	memset(shared, 0, sizeof(*shared));
	pid = start(log, &(struct refused){ 0 }, notify);
	assert_true(wait_until(is_over, &pid));
	finish(pid);
	assert_true(shared->is_released);
	close(log);
	row = saved;
}

static void denied(void **state)
{
	struct refused call = { 0 };
	pid_t pids[N_NUMBERS] = { 0 };
	unsigned int n = 0, n_wrong = 0;
	int i;

	row = *state;
	find_calls();
	call.error = row->error;
	for (i = 0; i < N_NUMBERS; i++) {
		if (!shared->is_made[i] || is_exempt(i))
			continue;
		call.number = i;
		pids[i] = try(&call);
		n_wrong += !pids[i];
		n++;
	}
	n_wrong += n_spinning(pids);
	for (i = 0; i < N_NUMBERS; i++)
		if (pids[i])
			finish(pids[i]);
	assert_true(n > 20);
	assert_int_equal(n_wrong, 0);
}

static int setup(void **state)
{
	return ((const struct row *)*state)->setup(state);
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setenv("PINSAFE_RETAKE_MS", "20", 1);
	add_rows(rows, denied, setup, stack_teardown);
	return run_cases();
}
