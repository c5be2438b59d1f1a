// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Preloaded: stands in front of what libpinsafe has of the C library, as librspreload
 * and others do, and ends the program if a thread of ours comes by.  Which functions
 * these are says past_interposers.sh, of the libraries as they are built.
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

static int is_at_exit;

static void check(const char *function)
{
	char name[16];

	(void)system_call(SYS_prctl, PR_GET_NAME, (long)name, 0);
	/* One runs handlers of the program, one is the program's from exit(3) on. */
	if (strncmp(name, "pinsafe-", 8) ||
	    !strncmp(name, "pinsafe-events", 14) ||
	    (is_at_exit && !strncmp(name, "pinsafe-exit", 12)))
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

#include "in_front_of.h"

void in_front_of_exit(int status) __asm__("exit");
void in_front_of_exit(int status)
{
	void (*next)(int);

	is_at_exit = 1;
	*(void **)&next = dlsym(RTLD_NEXT, "exit");
	next(status);
}
