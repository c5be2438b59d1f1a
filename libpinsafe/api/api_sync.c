// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Public entry point: make durable what the device wrote.  By libpmem where that
 * knows the mapping as one of persistent memory, pmem_is_pmem(3); else by msync(2).
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <infiniband/pinsafe.h>

#include "base/export.h"
#include "base/fork.h"
#include "base/lock.h"
#include "base/look_up.h"
#include "event.h"
#include "memory/redirty.h"
#include "track.h"

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

/*
 * Flush the CPU's caches for these addresses, where that makes stores durable:
 * false if it does not, or nobody knows.
 */
static bool flush_persistent(uintptr_t start, uintptr_t end)
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

static int flush_back(uintptr_t start, uintptr_t end)
{
	uintptr_t mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	start &= mask;
	return msync((void *)start, end - start, MS_SYNC) ? errno : 0;
}

static int get_params(struct ibv_mr *mr, struct mr_params *ret_params)
{
	struct event_source *source;
	int r;

	fork_check();
	SECTION(section);
	r = track_get_params(mr, MR_ALIVE, ret_params, &source);
	if (!r)
		event_source_put(source);
	return r;
}

PINSAFE_EXPORT int pinsafe_sync(struct ibv_mr *mr, size_t offset, size_t length,
				uint32_t flags)
{
	struct mr_params params;
	uintptr_t start, end;
	int r;

	if (!mr || flags)
		return EINVAL;
	r = get_params(mr, &params);
	if (r)
		return r;
	if (!(params.access & IBV_ACCESS_LOCAL_WRITE) ||
	    offset > params.length || length > params.length - offset)
		return EINVAL;
	if (!length)
		return 0;
	start = (uintptr_t)params.addr + offset;
	end = start + length;
	if (flush_persistent(start, end))
		return 0;
	r = redirty_pages(start, end);
	if (r == EINVAL)
		return EACCES;
	return r ? r : flush_back(start, end);
}
