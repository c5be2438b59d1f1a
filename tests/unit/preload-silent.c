// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Under LD_PRELOAD, linked with libibverbs: until the program opens a device it
 * makes the system calls that it asked for, and no others.  A sandbox may kill
 * for each of them, and a second thread keeps a program out of a user name space.
 *
 * From reports on seccomp filters and SystemCallFilter= of systemd.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/test.h"

#define PAGES 4
#define RW (PROT_READ | PROT_WRITE)

static struct file file;

static int setup(void **state)
{
	file_make(&file, DISK, PAGES);
	return 0;
}

static int teardown(void **state)
{
	file_put(&file);
	return 0;
}

/* What is allowed: those of own_calls() and the end */
static const int allowed[] = {
	SYS_mmap,      SYS_munmap,	    SYS_mremap,	   SYS_madvise,
	SYS_msync,     SYS_fsync,	    SYS_fdatasync, SYS_ftruncate,
	SYS_fallocate, SYS_ioctl,	    SYS_exit_group,
};
#define N_ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

static void forbid_all_others(void)
{
	struct sock_filter filter[2 * N_ALLOWED + 2];
	struct sock_fprog program = { .filter = filter };
	size_t i, n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 0; i < N_ALLOWED; i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_KILL_PROCESS);
	program.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(77);
}

static int own_calls(void)
{
	size_t size = PAGES * page_size();
	char *addr, *moved;
	int r;

	addr = mmap(NULL, size, RW, MAP_SHARED, file.fd, 0);
	if (addr == MAP_FAILED)
		return 1;
	moved = mremap(addr, size, 2 * size, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		return 2;
	if (mmap(moved, size, RW, MAP_SHARED | MAP_FIXED, file.fd, 0) != moved)
		return 3;
	moved[0] = 'x';
	r = msync(moved, size, MS_SYNC) || fsync(file.fd) ||
	    fdatasync(file.fd) || ftruncate(file.fd, size / 2);
	if (r)
		return 4;
	/* Not all file systems can do these. */
	(void)fallocate(file.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			page_size());
	(void)madvise(moved, page_size(), MADV_REMOVE);
	(void)ioctl(file.fd, FIONREAD, &r);
	return munmap(moved, 2 * size) ? 5 : 0;
}

CASE(preloaded__or_nothing_is_tested)
{
	assert_string_not_equal(getenv("LD_PRELOAD") ?: "", "");
}

CASE_WITH(before_the_first_device__no_call_of_ours, setup, teardown)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		forbid_all_others();
		_exit(own_calls());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		fail_msg("killed by signal %d: a system call of ours",
			 WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int unshare_user(void)
{
	return unshare(CLONE_NEWUSER) ? errno : 0;
}

/* EINVAL says that there is a second thread. */
CASE_WITH(mapped__still_a_user_name_space, setup, teardown)
{
	char *addr;
	int status;
	pid_t pid = fork();

	if (!pid) {
		addr = file_map(&file, 0, 1, RW, NULL);
		status = unshare_user();
		munmap(addr, page_size());
		_exit(status == EINVAL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}
