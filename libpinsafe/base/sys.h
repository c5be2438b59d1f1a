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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <time.h>

/* Any other: what the kernel returns, or -1 and errno */
long sys_call(long number, long a, long b, long c, long d, long e, long f);

int sys_open(const char *path, int flags, mode_t mode);
int sys_close(int fd);
ssize_t sys_read(int fd, void *data, size_t size);
ssize_t sys_pread(int fd, void *data, size_t size, off_t offset);
ssize_t sys_write(int fd, const void *data, size_t size);
int sys_fcntl(int fd, int command, uintptr_t arg);
int sys_ioctl(int fd, unsigned long request, void *arg);
int sys_dup3(int fd, int new_fd, int flags);
int sys_close_range(unsigned int first, unsigned int last, unsigned int flags);
/* What is cached of network and FUSE files: nobody is waited for. */
int sys_fstat(int fd, struct stat *ret_st);
int sys_fstatfs(int fd, struct statfs *ret_sfs);
int sys_statx(int dir, const char *path, int flags, unsigned int mask,
	      struct statx *ret_stx);
/* Would write(2) not wait just now? */
bool sys_is_writable(int fd);
int sys_madvise(void *addr, size_t length, int advice);
int sys_fallocate(int fd, int mode, off_t offset, off_t length);
int sys_getrlimit(int resource, struct rlimit *ret_limit);
/* struct linux_dirent64 of getdents(2) */
ssize_t sys_getdents(int fd, void *entries, size_t size);

int sys_socket(int domain, int type, int protocol);
int sys_bind(int fd, const void *addr, socklen_t size);
int sys_listen(int fd, int backlog);
int sys_accept(int fd, int flags);
int sys_connect(int fd, const void *addr, socklen_t size);
int sys_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
ssize_t sys_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t sys_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t sys_getrandom(void *data, size_t size, unsigned int flags);

int sys_sigtimedwait(const sigset_t *set, siginfo_t *ret_info,
		     const struct timespec *timeout);
int sys_clock_gettime(clockid_t clock, struct timespec *ret_ts);
pid_t sys_getpid(void);
pid_t sys_gettid(void);
