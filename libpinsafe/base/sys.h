/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * System calls past the C library.
 *
 * Other preloaded objects stand in front of its functions: they keep books by
 * number of the program's descriptors, of which the keeper, with a table of its
 * own, has others under the same numbers; they map and close for themselves.
 * So what may run on a thread of ours calls the kernel.
 *
 * Each is the system call of its name, and sets errno as the C library does.
 * None is a cancellation point.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <time.h>

/* Any other, as SYS_CALL(getrandom, data, size, 0): what the kernel returns, or -1 */
long sys_call(long number, long a, long b, long c, long d, long e, long f);
#define SYS_CALL(name, ...) \
	SYS_CALL_OF(SYS_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define SYS_CALL_OF(number, a, b, c, d, e, f, ...)                   \
	sys_call(number, (long)(a), (long)(b), (long)(c), (long)(d), \
		 (long)(e), (long)(f))

int sys_open(const char *path, int flags, mode_t mode);
int sys_close(int fd);
ssize_t sys_read(int fd, void *data, size_t size);
ssize_t sys_write(int fd, const void *data, size_t size);
int sys_fcntl(int fd, int command, uintptr_t arg);
int sys_ioctl(int fd, unsigned long request, void *arg);
int sys_close_range(unsigned int first, unsigned int last, unsigned int flags);
/* What is cached of network and FUSE files: nobody is waited for. */
int sys_fstat(int fd, struct stat *ret_st);
int sys_fstatfs(int fd, struct statfs *ret_sfs);
int sys_statx(int dir, const char *path, int flags, unsigned int mask,
	      struct statx *ret_stx);
/* Would write(2) not wait just now? */
bool sys_is_writable(int fd);
int sys_madvise(void *addr, size_t length, int advice);
int sys_sigtimedwait(const sigset_t *set, siginfo_t *ret_info,
		     const struct timespec *timeout);
/* @set: without the signals of the C library itself, as of sigfillset(3) */
int sys_sigmask(int how, const sigset_t *set, sigset_t *ret_old);
int sys_sigpending(sigset_t *ret_set);
/* SIG_DFL, SIG_IGN, or a function, of which others than this may be unknown */
int sys_sighandler(int signal, void (**ret_handler)(int));
/*
 * The C library's own, which makes no system call where there is a vDSO: a sandbox
 * that was made of what strace(1) has seen of the program need not allow it.
 */
int sys_clock_gettime(clockid_t clock, struct timespec *ret_ts);
pid_t sys_getpid(void);
pid_t sys_gettid(void);
