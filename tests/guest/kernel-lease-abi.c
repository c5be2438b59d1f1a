// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * fcntl(F_SETLEASE, F_LAYOUT) as such: on which files and for whom, next to
 * which other leases, and what the holder learns of a break.  No pins.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-common.h"

#define LEN K_MIB

static int in_child(int (*fn)(const struct k_file *), const struct k_file *file)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fn(file));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		k_bail("child");
	return WEXITSTATUS(status);
}

static int lease_as_nobody(const struct k_file *file)
{
	return setresuid(65534, 65534, 65534) ? errno :
						k_lease(file->fd, F_LAYOUT);
}

static void which_files(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	int fd, err;

	err = k_lease(file.fd, F_LAYOUT);
	k_check(!err && fcntl(file.fd, F_GETLEASE) == F_LAYOUT,
		"F_LAYOUT = %s, F_GETLEASE = %d", k_err(err),
		fcntl(file.fd, F_GETLEASE));
	k_check(!k_lease(file.fd, F_LAYOUT), "again, on the same descriptor");
	fd = open(file.path, O_RDONLY);
	err = k_lease(fd, F_LAYOUT);
	k_check(!err, "another one, on an O_RDONLY descriptor = %s",
		k_err(err));
	close(fd);
	k_check(!k_lease(file.fd, F_UNLCK) &&
			fcntl(file.fd, F_GETLEASE) == F_UNLCK,
		"F_UNLCK, F_GETLEASE = %d", fcntl(file.fd, F_GETLEASE));
	err = k_lease(file.fd, F_UNLCK);
	k_check(err == EAGAIN, "F_UNLCK without a lease = %s", k_err(err));

	fd = open(file.path, O_PATH);
	err = fcntl(fd, F_SETLEASE, F_LAYOUT) ? errno : 0;
	k_check(err == EBADF, "O_PATH descriptor = %s", k_err(err));
	close(fd);

	err = in_child(lease_as_nobody, &file);
	k_check(err == EACCES, "somebody else's file = %s", k_err(err));

	k_sysctl("fs/leases-enable", 0);
	err = k_lease(file.fd, F_LAYOUT);
	k_sysctl("fs/leases-enable", 1);
	k_check(err == EINVAL, "fs.leases-enable = 0: %s", k_err(err));

	err = k_lease(file.fd, 18);
	k_check(err == EINVAL, "lease type 18 = %s", k_err(err));
	fd = memfd_create("memfd", 0);
	err = k_lease(fd, F_LAYOUT);
	k_check(err == (getenv("PINSAFE_TEST_MODULE") ? 0 : EOPNOTSUPP),
		"tmpfs (memfd) = %s", k_err(err));
	close(fd);
	fd = open("/usr/bin/env", O_RDONLY);
	err = k_lease(fd, F_LAYOUT);
	k_check(err == EOPNOTSUPP, "overlayfs (the root) = %s", k_err(err));
	close(fd);
	fd = open(k_dir, O_RDONLY | O_DIRECTORY);
	err = fcntl(fd, F_SETLEASE, F_LAYOUT) ? errno : 0;
	k_check(err == EINVAL, "directory = %s", k_err(err));
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	err = fcntl(fd, F_SETLEASE, F_LAYOUT) ? errno : 0;
	k_check(err == EINVAL, "device = %s", k_err(err));
	close(fd);
	k_file_close(&file);
}

static void other_leases(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	int err, err2;

	k_lease(file.fd, F_LAYOUT);
	err = k_lease(file.fd, F_RDLCK);
	err2 = k_lease(file.fd, F_WRLCK);
	k_check(err == EAGAIN && err2 == EAGAIN,
		"F_LAYOUT does not turn into F_RDLCK (%s), F_WRLCK (%s)",
		k_err(err), k_err(err2));
	k_lease(file.fd, F_UNLCK);

	err = k_lease(file.fd, F_WRLCK);
	err2 = k_lease(file.fd, F_LAYOUT);
	k_check(!err && err2 == EAGAIN,
		"nor F_WRLCK (%s) into F_LAYOUT (%s)", k_err(err), k_err(err2));
	k_file_close(&file);
}

static int open_to_write(const char *path)
{
	return open(path, O_WRONLY | O_NONBLOCK) < 0 ? errno : 0;
}

/* An ordinary lease that is being broken is still there. */
static void another_is_broken(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	int fd = open(file.path, O_RDONLY), err;
	struct k_result r;

	munmap(file.map, file.len);
	close(file.fd);
	err = k_lease(fd, F_RDLCK);
	r = k_run(open_to_write, file.path);
	k_check(!err && r.err == EWOULDBLOCK, "F_RDLCK (%s) is broken: %s",
		k_err(err), k_err(r.err));
	err = k_lease(fd, F_LAYOUT);
	k_check(err == EAGAIN, "F_LAYOUT meanwhile: %s", k_err(err));
	k_lease(fd, F_UNLCK);
	err = k_lease(fd, F_LAYOUT);
	k_check(!err, "F_LAYOUT after it: %s", k_err(err));
	close(fd);
	unlink(file.path);
}

static bool in_proc_locks(const char *word)
{
	char line[256];
	bool found = false;
	FILE *f = fopen("/proc/locks", "r");

	while (f && fgets(line, sizeof(line), f))
		found |= strstr(line, "LAYOUT") && strstr(line, word);
	if (f)
		fclose(f);
	return found;
}

/* A break from the holder's side, and from the breaker's. */
static void a_break(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct f_owner_ex owner = { F_OWNER_TID, syscall(SYS_gettid) };
	struct k_result r;
	struct k_op op;
	siginfo_t si = {};
	int fd2, err, err2, type;

	fcntl(file.fd, F_SETSIG, k_signal);
	fcntl(file.fd, F_SETOWN_EX, &owner);
	err = fcntl(file.fd, F_SETLEASE, F_LAYOUT);
	k_check(!err && in_proc_locks("ACTIVE"), "/proc/locks: LAYOUT ACTIVE");
	op = k_start(k_shrink, file.path);
	k_check(k_break(&si, K_SOON) && si.si_fd == file.fd &&
			si.si_code == POLL_MSG && si.si_band == 0x441,
		"break: signal, si_fd %d (%d), si_code %d, si_band %#lx",
		si.si_fd, file.fd, si.si_code, si.si_band);
	type = fcntl(file.fd, F_GETLEASE);
	k_check(type == F_UNLCK && in_proc_locks("BREAKING"),
		"meanwhile: F_GETLEASE = %d, /proc/locks BREAKING", type);
	err = k_lease(file.fd, F_LAYOUT);
	fd2 = open(file.path, O_RDWR);
	err2 = k_lease(fd2, F_LAYOUT);
	k_check(err == EAGAIN && err2 == EAGAIN,
		"no lease meanwhile: %s, on another descriptor %s", k_err(err),
		k_err(err2));
	k_check(k_busy(&op, 0), "the truncate waits");
	k_lease(file.fd, F_UNLCK);
	r = k_wait(&op, K_SOON);
	k_check(!r.err, "F_UNLCK: truncate = %s", k_err(r.err));
	err = k_lease_retry(fd2, K_SOON);
	k_check(!err, "then there is a lease again: %s", k_err(err));
	close(fd2);
	k_file_close(&file);
}

static void time_out(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct k_result r;
	struct stat st;

	k_lease(file.fd, F_LAYOUT);
	r = k_run(k_shrink, file.path);
	fstat(file.fd, &st);
	k_check(!r.err && r.time > K_BREAK_TIME - 0.5 && st.st_size == 8192,
		"no reaction, nothing pinned: truncate = %s after %.1f s",
		k_err(r.err), r.time);
	k_check(k_break(NULL, 0) && fcntl(file.fd, F_GETLEASE) == F_UNLCK &&
			!fcntl(file.fd, F_GETSIG),
		"the lease is gone, and the signal reset");
	k_file_close(&file);
}

static int unlock(const struct k_file *file)
{
	return k_lease(file->fd, F_UNLCK);
}

static int nothing(const struct k_file *file)
{
	(void)file;
	return 0;
}

static int holder_until_killed(const struct k_file *file)
{
	int fd = open(file->path, O_RDWR);

	if (k_lease(fd, F_LAYOUT) || k_lease(file->fd, F_UNLCK))
		return 1;
	for (;;)
		pause();
}

static void processes(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct k_result r;
	struct k_op op;
	double end;
	pid_t pid;
	int type;

	k_lease(file.fd, F_LAYOUT);
	in_child(nothing, &file);
	type = fcntl(file.fd, F_GETLEASE);
	k_check(type == F_LAYOUT, "a child's exit: F_GETLEASE = %d", type);
	in_child(unlock, &file);
	type = fcntl(file.fd, F_GETLEASE);
	k_check(type == F_UNLCK, "a child's F_UNLCK: F_GETLEASE = %d", type);

	k_lease(file.fd, F_LAYOUT);
	pid = fork();
	if (!pid)
		_exit(holder_until_killed(&file));
	/* The child takes its own lease, and then drops ours. */
	end = k_now() + 5;
	while (fcntl(file.fd, F_GETLEASE) == F_LAYOUT && k_now() < end)
		;
	op = k_start(k_shrink, file.path);
	end = k_now() + 5;
	while (!in_proc_locks("BREAKING") && k_now() < end)
		;
	k_check(in_proc_locks("BREAKING") && k_busy(&op, 0),
		"a child holds one: truncate waits");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	r = k_wait(&op, K_SOON);
	k_check(!r.err, "the child killed: truncate = %s", k_err(r.err));
	k_file_close(&file);
}

static void breaker_killed(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct k_op op;
	struct stat st;
	double begin;

	k_lease(file.fd, F_LAYOUT);
	op = k_start(k_shrink, file.path);
	k_break(NULL, K_SOON);
	begin = k_now();
	kill(op.pid, SIGTERM);
	waitpid(op.pid, NULL, 0);
	close(op.pipe);
	fstat(file.fd, &st);
	k_check(k_now() - begin < 1 && st.st_size == LEN,
		"the waiting truncate can be killed, and has done nothing");
	k_file_close(&file);
}

/* Each of several broken leases is signalled, and tells which it is. */
static void many(void)
{
	enum { N = 8 };
	struct k_file file[N];
	bool seen[N] = {};
	struct k_op op[N];
	siginfo_t si;
	char name[16];
	int i, j, n = 0, ok = 0;

	for (i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		file[i] = k_file(name, 65536, 'm');
		k_lease(file[i].fd, F_LAYOUT);
	}
	for (i = 0; i < N; i++)
		op[i] = k_start(k_shrink, file[i].path);
	while (n < N && k_break(&si, K_SOON))
		for (j = 0; j < N; j++)
			if (file[j].fd == si.si_fd && !seen[j]) {
				seen[j] = true;
				n++;
				k_lease(si.si_fd, F_UNLCK);
			}
	for (i = 0; i < N; i++) {
		ok += !k_wait(&op[i], K_SOON).err;
		k_file_close(&file[i]);
	}
	k_check(n == N && ok == N, "%d leases broken at once: %d signals", N,
		n);
}

/* Coming back at once must not starve the breaker. */
static void retake(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct k_result r;
	struct k_op op;
	int n = 0;

	k_lease(file.fd, F_LAYOUT);
	op = k_start(k_shrink, file.path);
	while (k_busy(&op, 0) && n < 100) {
		if (!k_break(NULL, 10))
			continue;
		n++;
		k_lease(file.fd, F_UNLCK);
		k_lease_retry(file.fd, K_SOON);
	}
	r = k_wait(&op, K_SOON);
	/*
	 * Once as a rule; a lease that is taken just before the operation has
	 * the inode's lock is broken as well.  It must not go on like this.
	 */
	k_check(n >= 1 && n < 10 && !r.err && r.time < 1,
		"retaken at once: %d break(s), truncate = %s after %.3f s", n,
		k_err(r.err), r.time);
	k_file_close(&file);
}

int main(int argc, char **argv)
{
	k_begin_layout(argc, argv, 60);
	which_files();
	other_leases();
	another_is_broken();
	a_break();
	time_out();
	processes();
	breaker_killed();
	many();
	retake();
	return k_end();
}
