/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Rights to memory with protection keys, pkeys(7), are of a thread.  Whichever it is
 * that has to make pages dirty, the program may never have given it those.  The
 * functions of the C library for that do not ask whether the CPU has them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __x86_64__
#include <cpuid.h>

static inline void pkeys_close(uint32_t rights)
{
	__asm__ volatile("wrpkru" : : "a"(rights), "c"(0), "d"(0) : "memory");
}

/* All rights, until pkeys_close(); false: there are no keys on this CPU. */
static inline bool pkeys_open(uint32_t *ret_rights)
{
	unsigned int eax, ebx, ecx = 0, edx;

	if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) ||
	    !(ecx & bit_OSPKE))
		return false;
	__asm__ volatile("rdpkru" : "=a"(*ret_rights), "=d"(edx) : "c"(0));
	pkeys_close(0);
	return true;
}
#else /* how is not known here */
#define pkeys_open(ret_rights) (*(ret_rights) = 0)
#define pkeys_close(rights) ((void)(rights))
#endif
