// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The keeper's thread: its descriptors and signals are not the program's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/fake_sigtimedwait.h"
#include "lib/stack.h"
#include "policy/config.h"

/* What the keeper has as its descriptor @fd */
static const char *keeper_link(int fd)
{
	static char target[PATH_MAX];
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%d",
		 stack_keeper_tid(), fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	return target;
}

STACK_CASE(standard_streams__nothing_to_write_to)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	int fd;

	for (fd = 0; fd <= 2; fd++)
		assert_int_equal(strncmp(keeper_link(fd), "socket:[", 8), 0);
	stack_dereg_ok(mr);
}

STACK_CASE(signals__all_blocked)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	unsigned long long blocked = 0;
	char path[64], line[256];
	FILE *status;
	int i;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status",
		 stack_keeper_tid());
	status = fopen(path, "re");
	assert_non_null(status);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
			break;
	fclose(status);
	for (i = 1; i <= SIGRTMAX; i++)
		if (i != SIGKILL && i != SIGSTOP && (i < 32 || i >= SIGRTMIN) &&
		    /* Not shown as blocked while it is waited for */
		    i != config_get()->signal)
			assert_true(blocked >> (i - 1) & 1);
	stack_dereg_ok(mr);
}

STACK_CASE(there_is_one__and_it_stays)
{
	int tid;

	stack_dereg_ok(stack_reg_file(STACK_A));
	tid = stack_keeper_tid();
	assert_true(tid > 0);
	stack_dereg_ok(stack_reg_file(STACK_B));
	assert_int_equal(stack_keeper_tid(), tid);
}

/* As a daemon does: without descriptors a break still finds its way. */
STACK_CASE(program_closes_all__survives)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	assert_int_equal(syscall(SYS_close_range, 3u, ~0u, 0), 0);
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
	stack_files[0].fd = stack_files[1].fd = -1;
}

/* The program's own record locks go when one of its descriptors is closed. */
STACK_CASE(record_lock__is_kept)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int status;
	pid_t pid;

	assert_int_equal(fcntl(STACK_A->fd, F_SETLK, &lock), 0);
	stack_dereg_ok(stack_reg_file(STACK_A));
	pid = fork();
	if (!pid)
		_exit(fcntl(STACK_A->fd, F_GETLK, &lock) ||
		      lock.l_type != F_WRLCK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void block_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, config_get()->signal);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Of the keeper's number, blocked, and so pending for this thread */
static siginfo_t wait_for_signal(void)
{
	const struct timespec deadline = { .tv_sec = DEADLINE_MS / 1000 };
	siginfo_t info = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, config_get()->signal);
	assert_int_equal(sigtimedwait(&set, &info, &deadline),
			 config_get()->signal);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	return info;
}

STACK_CASE(foreign_signal__passed_on_to_the_program)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	siginfo_t info = { 0 };

	block_signal();
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_value.sival_int = 42;
	assert_int_equal(syscall(SYS_rt_tgsigqueueinfo, getpid(),
				 stack_keeper_tid(), config_get()->signal,
				 &info),
			 0);
	info = wait_for_signal();
	assert_int_equal(info.si_value.sival_int, 42);
	stack_dereg_ok(mr);
}

/* By tgkill(2), whose code nobody may send */
STACK_CASE(foreign_signal__of_another_kind)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	block_signal();
	assert_int_equal(syscall(SYS_tgkill, getpid(), stack_keeper_tid(),
				 config_get()->signal),
			 0);
	assert_int_equal(wait_for_signal().si_pid, getpid());
	stack_dereg_ok(mr);
}

/*
 * Neither the kernel nor threads of the program can wake it then: it looks by
 * itself, and never waits for its next scan.
 */
STACK_CASE(no_signal_can_be_queued__served_all_the_same)
{
	struct rlimit limit, saved;
	unsigned int timeouts, i;
	struct ibv_mr *mr;

	assert_int_equal(getrlimit(RLIMIT_SIGPENDING, &saved), 0);
	limit = saved;
	limit.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &limit), 0);
	/* It gets to know here. */
	stack_dereg_ok(stack_reg_file(STACK_A));
	timeouts = fake_sigtimedwait_timeouts();
	for (i = 0; i < 5; i++) {
		mr = stack_reg_file(STACK_A);
		stack_break(STACK_A);
		stack_dereg_ok(mr);
	}
	assert_int_equal(fake_sigtimedwait_timeouts(), timeouts);
	assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &saved), 0);
}

/* Breaks ordinary leases without waiting for them to go. */
static void open_for_writing(const char *path)
{
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

/* An ordinary lease of the program, which uses the same number for it */
STACK_CASE(signal_of_a_lease_of_the_program__passed_on)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	const struct timespec deadline = { .tv_sec = DEADLINE_MS / 1000 };
	struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = getpid() };
	int number = config_get()->signal;
	struct file file;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	file_make(&file, DISK, 1);
	file_close(&file);
	fd = open(file.path, O_RDONLY | O_CLOEXEC);
	/* For the process, of which only the keeper waits for it just now */
	assert_int_equal(fcntl(fd, F_SETSIG, number), 0);
	assert_int_equal(fcntl(fd, F_SETOWN_EX, &owner), 0);
	if (fcntl(fd, F_SETLEASE, F_RDLCK))
		SKIP_CASE("no leases on %s: %s", DISK, strerror(errno));
	open_for_writing(file.path);
	assert_int_equal(sigtimedwait(&set, NULL, &deadline), number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	close(fd);
	file_put(&file);
	stack_dereg_ok(mr);
}

STACK_CASE(own_signal__not_passed_on)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, config_get()->signal);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	stack_break(STACK_A);
	/* When this comes back the keeper is through with the signal. */
	stack_dereg_ok(stack_reg_file(STACK_B));
	sigpending(&set);
	assert_false(sigismember(&set, config_get()->signal));
	sigemptyset(&set);
	sigaddset(&set, config_get()->signal);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	stack_dereg_ok(mr);
}

/* The numbers of the keeper's own descriptors, which have to move away */
STACK_CASE(device_with_the_number_of_a_lease)
{
	struct ibv_mr *mrs[8], *a = stack_reg_file(STACK_A);
	static struct device devices[N_OF(mrs)];
	size_t i;
	int fd;

	for (fd = 3; fd < 3 + (int)N_OF(mrs); fd++) {
		/* Only numbers that the test does not use */
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		i = fd - 3;
		stack_open(&devices[i], fd);
		mrs[i] = stack_reg(&devices[i], 0, 1);
		assert_non_null(mrs[i]);
	}
	stack_break(STACK_A);
	assert_int_equal(fake_kernel_mr_count(), 0);
	for (i = 0; i < N_OF(mrs); i++) {
		if (!devices[i].pd.context)
			continue;
		stack_dereg_ok(mrs[i]);
		stack_close(&devices[i]);
	}
	stack_dereg_ok(a);
}
