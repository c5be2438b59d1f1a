// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Preloaded: stands in front of functions of the C library that make system
 * calls, as librspreload and others do, and ends the program if a thread of ours
 * comes by.
 *
 * The names are declared here and with the same arguments for all, which is as
 * registers go; so there is no header of the C library.
 */
#define SYS_write 1
#define SYS_prctl 157
#define PR_GET_NAME 16
#define RTLD_NEXT ((void *)-1L)

extern void *dlsym(void *handle, const char *name);
extern void abort(void);
extern int strncmp(const char *a, const char *b, unsigned long n);
extern unsigned long strlen(const char *text);

static long system_call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

static void say(const char *text)
{
	(void)system_call(SYS_write, 2, (long)text, strlen(text));
}

static void check(const char *function)
{
	char name[16];

	(void)system_call(SYS_prctl, PR_GET_NAME, (long)name, 0);
	/* That one is the program's from exit(3) on. */
	if (strncmp(name, "pinsafe-", 8) || !strncmp(name, "pinsafe-exit", 12))
		return;
	say(name);
	say(" calls ");
	say(function);
	say("\n");
	abort();
}

typedef long any_fn(long a, long b, long c, long d, long e, long f);

#define IN_FRONT_OF(name)                                                  \
	any_fn in_front_of_##name __asm__(#name);                          \
	long in_front_of_##name(long a, long b, long c, long d, long e,    \
				long f)                                    \
	{                                                                  \
		static any_fn *next;                                       \
                                                                           \
		check(#name);                                              \
		if (!next)                                                 \
			*(void **)&next = dlsym(RTLD_NEXT, #name);         \
		return next(a, b, c, d, e, f);                             \
	}

IN_FRONT_OF(accept)
IN_FRONT_OF(accept4)
IN_FRONT_OF(bind)
IN_FRONT_OF(clock_gettime)
IN_FRONT_OF(clock_nanosleep)
IN_FRONT_OF(close)
IN_FRONT_OF(close_range)
IN_FRONT_OF(closedir)
IN_FRONT_OF(connect)
IN_FRONT_OF(creat)
IN_FRONT_OF(dup)
IN_FRONT_OF(dup2)
IN_FRONT_OF(dup3)
IN_FRONT_OF(epoll_wait)
IN_FRONT_OF(eventfd)
IN_FRONT_OF(fallocate)
IN_FRONT_OF(fallocate64)
IN_FRONT_OF(fclose)
IN_FRONT_OF(fcntl)
IN_FRONT_OF(fcntl64)
IN_FRONT_OF(fdatasync)
IN_FRONT_OF(fdopen)
IN_FRONT_OF(fdopendir)
IN_FRONT_OF(fflush)
IN_FRONT_OF(fgets)
IN_FRONT_OF(fopen)
IN_FRONT_OF(fopen64)
IN_FRONT_OF(fstat)
IN_FRONT_OF(fstat64)
IN_FRONT_OF(fstatat)
IN_FRONT_OF(fstatat64)
IN_FRONT_OF(fstatfs)
IN_FRONT_OF(fstatfs64)
IN_FRONT_OF(fsync)
IN_FRONT_OF(ftruncate)
IN_FRONT_OF(ftruncate64)
IN_FRONT_OF(getline)
IN_FRONT_OF(getpid)
IN_FRONT_OF(getrandom)
IN_FRONT_OF(getrlimit)
IN_FRONT_OF(getrlimit64)
IN_FRONT_OF(getsockopt)
IN_FRONT_OF(gettid)
IN_FRONT_OF(ioctl)
IN_FRONT_OF(kill)
IN_FRONT_OF(listen)
IN_FRONT_OF(lseek)
IN_FRONT_OF(lseek64)
IN_FRONT_OF(lstat)
IN_FRONT_OF(madvise)
IN_FRONT_OF(mmap)
IN_FRONT_OF(mmap64)
IN_FRONT_OF(mprotect)
IN_FRONT_OF(mremap)
IN_FRONT_OF(msync)
IN_FRONT_OF(munmap)
IN_FRONT_OF(nanosleep)
IN_FRONT_OF(open)
IN_FRONT_OF(open64)
IN_FRONT_OF(openat)
IN_FRONT_OF(openat64)
IN_FRONT_OF(opendir)
IN_FRONT_OF(pipe)
IN_FRONT_OF(pipe2)
IN_FRONT_OF(poll)
IN_FRONT_OF(ppoll)
IN_FRONT_OF(prctl)
IN_FRONT_OF(pread)
IN_FRONT_OF(pread64)
IN_FRONT_OF(pselect)
IN_FRONT_OF(pwrite)
IN_FRONT_OF(pwrite64)
IN_FRONT_OF(read)
IN_FRONT_OF(readdir)
IN_FRONT_OF(readdir64)
IN_FRONT_OF(readlink)
IN_FRONT_OF(readv)
IN_FRONT_OF(recv)
IN_FRONT_OF(recvfrom)
IN_FRONT_OF(recvmsg)
IN_FRONT_OF(sched_setaffinity)
IN_FRONT_OF(select)
IN_FRONT_OF(send)
IN_FRONT_OF(sendmsg)
IN_FRONT_OF(sendto)
IN_FRONT_OF(setpriority)
IN_FRONT_OF(setsockopt)
IN_FRONT_OF(shutdown)
IN_FRONT_OF(sigtimedwait)
IN_FRONT_OF(sigwaitinfo)
IN_FRONT_OF(socket)
IN_FRONT_OF(socketpair)
IN_FRONT_OF(stat)
IN_FRONT_OF(statfs)
IN_FRONT_OF(statx)
IN_FRONT_OF(syscall)
IN_FRONT_OF(write)
IN_FRONT_OF(writev)
