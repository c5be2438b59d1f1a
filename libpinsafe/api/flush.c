// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Durable data: by libpmem where that knows the mapping as one of persistent
 * memory, pmem_is_pmem(3); else by msync(2).
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/flush.h"
#include "base/look_up.h"

static int (*is_pmem)(const void *addr, size_t length);
static void (*persist)(const void *addr, size_t length);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_libpmem(void)
{
	void *handle;

	handle = look_up_library("libpmem.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return;
	/* ISO C has no cast from void * to a function. */
	*(void **)&persist = look_up(handle, "pmem_persist");
	*(void **)&is_pmem = look_up(handle, "pmem_is_pmem");
}

bool flush_persistent(uintptr_t start, uintptr_t end)
{
	/* With it libpmem says yes to everything, page caches too. */
	if (getenv("PMEM_IS_PMEM_FORCE"))
		return false;
	pthread_once(&once, find_libpmem);
	if (!is_pmem || !persist || !is_pmem((void *)start, end - start))
		return false;
	persist((void *)start, end - start);
	return true;
}

int flush_back(uintptr_t start, uintptr_t end)
{
	uintptr_t mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	start &= mask;
	return msync((void *)start, end - start, MS_SYNC) ? errno : 0;
}
