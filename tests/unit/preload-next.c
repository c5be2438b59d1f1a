// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Where the preload object has nothing behind it, not even libc's function, the
 * system call is made; and what has none fails with ENOSYS, without one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/test.h"
#include "preload/preload_next.h"

/* Nothing is loaded. */
int __wrap_dl_iterate_phdr(int (*fn)(void *info, size_t size, void *arg),
			   void *arg);
int __wrap_dl_iterate_phdr(int (*fn)(void *info, size_t size, void *arg),
			   void *arg)
{
	return 0;
}

/* Their own errno says that the kernel was asked. */
CASE(with_a_system_call__made)
{
	char c;

	assert_int_equal(preload_next.fsync(-1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(preload_next.fcntl(-1, F_GETFD, NULL), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(preload_next.fallocate(-1, 0, 0, 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(preload_next.munmap(&c, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(preload_next.mmap(NULL, 0, PROT_READ,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			 MAP_FAILED);
	assert_int_equal(errno, EINVAL);
}

/* As sandboxes do with numbers that they do not know */
static int refuse_bad_number(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)-1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { N_OF(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
				     &program) ?
		       errno :
		       0;
}

static int fail_without_a_call(void)
{
	int r = refuse_bad_number();

	if (r)
		return r;
	if (syscall(-1) != -1 || errno != EPERM)
		return 101;
	return preload_next.aio_fsync(O_SYNC, NULL) == -1 && errno == ENOSYS ?
		       0 :
		       102;
}

CASE(without_a_system_call__ENOSYS)
{
	child_check(fail_without_a_call, fork);
}
