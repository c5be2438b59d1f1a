// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* System calls past the C library, and past who stands in front of it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <poll.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/look_up.h"
#include "base/sys.h"

/* What the kernel calls sizeof(sigset_t); that of the C library has room. */
#define KERNEL_SIGSET_SIZE (_NSIG / 8)

#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif

/* A value from -4095 to -1 is an error on all of these. */
#if defined(__x86_64__) && defined(__LP64__)
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__) && defined(__LP64__)
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "how system calls are made here is not known: add it"
#endif

long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
	long result = raw(number, a, b, c, d, e, f);

	if (result < 0 && result >= -4095) {
		errno = -result;
		return -1;
	}
	return result;
}

#define WRAP(type, name, parameters, call, ...)       \
	type sys_##name parameters                    \
	{                                             \
		return SYS_CALL(call, ##__VA_ARGS__); \
	}

WRAP(int, open, (const char *path, int flags, mode_t mode), openat, AT_FDCWD,
     path, flags, mode)
WRAP(int, close, (int fd), close, fd)
WRAP(ssize_t, read, (int fd, void *data, size_t size), read, fd, data, size)
WRAP(ssize_t, write, (int fd, const void *data, size_t size), write, fd, data,
     size)
WRAP(int, fcntl, (int fd, int command, uintptr_t arg), fcntl, fd, command, arg)
WRAP(int, ioctl, (int fd, unsigned long request, void *arg), ioctl, fd, request,
     arg)
WRAP(int, close_range,
     (unsigned int first, unsigned int last, unsigned int flags), close_range,
     first, last, flags)
WRAP(int, statx,
     (int dir, const char *path, int flags, unsigned int mask,
      struct statx *ret_stx),
     statx, dir, path, flags, mask, ret_stx)
WRAP(int, fstatfs, (int fd, struct statfs *ret_sfs), fstatfs, fd, ret_sfs)
WRAP(int, madvise, (void *addr, size_t length, int advice), madvise, addr,
     length, advice)
WRAP(int, sigtimedwait,
     (const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout),
     rt_sigtimedwait, set, ret_info, timeout, KERNEL_SIGSET_SIZE)
WRAP(int, sigmask, (int how, const sigset_t *set, sigset_t *ret_old),
     rt_sigprocmask, how, set, ret_old, KERNEL_SIGSET_SIZE)
WRAP(int, sigpending, (sigset_t *ret_set), rt_sigpending, ret_set,
     KERNEL_SIGSET_SIZE)
WRAP(pid_t, getpid, (void), getpid)
WRAP(pid_t, gettid, (void), gettid)

int sys_sighandler(int signal, void (**ret_handler)(int))
{
	/* What is behind it depends on the architecture. */
	struct {
		void (*handler)(int);
		unsigned long flags, rest[4];
	} action;

	if (SYS_CALL(rt_sigaction, signal, NULL, &action, KERNEL_SIGSET_SIZE))
		return -1;
	*ret_handler = action.handler;
	return 0;
}

static int (*libc_clock_gettime)(clockid_t clock, struct timespec *ret_ts);

__attribute__((constructor)) static void find_clock(void)
{
	*(void **)&libc_clock_gettime = look_up_in("libc.so.6", "clock_gettime");
}

int sys_clock_gettime(clockid_t clock, struct timespec *ret_ts)
{
	return libc_clock_gettime ? libc_clock_gettime(clock, ret_ts)
				  : SYS_CALL(clock_gettime, clock, ret_ts);
}

int sys_fstat(int fd, struct stat *ret_st)
{
	struct statx stx;

	/* Not sys_statx(), which unit tests replace; a sandbox may know none. */
	if (SYS_CALL(statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		     STATX_BASIC_STATS, &stx))
		return SYS_CALL(fstat, fd, ret_st);
	memset(ret_st, 0, sizeof(*ret_st));
	ret_st->st_dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	ret_st->st_ino = stx.stx_ino;
	ret_st->st_mode = stx.stx_mode;
	ret_st->st_nlink = stx.stx_nlink;
	ret_st->st_uid = stx.stx_uid;
	ret_st->st_gid = stx.stx_gid;
	ret_st->st_rdev = makedev(stx.stx_rdev_major, stx.stx_rdev_minor);
	ret_st->st_size = stx.stx_size;
	ret_st->st_blocks = stx.stx_blocks;
	return 0;
}

bool sys_is_writable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	const struct timespec now = { 0 };

	return SYS_CALL(ppoll, &ready, 1, &now, NULL, 0) == 1 &&
	       ready.revents & POLLOUT;
}
