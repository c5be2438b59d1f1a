// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* madvise(2), recorded */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "../lib/record.h"
#include "fake_madvise.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int __real_sys_madvise(void *addr, size_t size, int advice);
int __wrap_sys_madvise(void *addr, size_t size, int advice);

struct fault fake_madvise;

int __wrap_sys_madvise(void *addr, size_t size, int advice)
{
	int r;

	if (advice != MADV_POPULATE_WRITE)
		return __real_sys_madvise(addr, size, advice);
	record("dirty %#lx+%#lx", (unsigned long)(uintptr_t)addr,
	       (unsigned long)size);
	r = fault_now(&fake_madvise);
	errno = r;
	return r ? -1 : 0;
}
