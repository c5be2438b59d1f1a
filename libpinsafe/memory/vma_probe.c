// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What can be known of mappings without /proc, in a chroot for instance.
 *
 * mremap(2) with an old size of 0 makes a second mapping of the same pages, if
 * the mapping is shared.  Of a private one that makes no sense, so the kernel
 * refuses it with EINVAL, and says so in its log, once since it was booted
 * (mm/mremap.c).  EFAULT: nothing is mapped there.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory/vma.h"

static bool is_shared(uintptr_t page, size_t page_size)
{
	/* Past those who watch what is mapped: this is nobody's. */
	long twin = syscall(SYS_mremap, page, 0, page_size, MREMAP_MAYMOVE, 0);

	if (twin == -1)
		return errno != EINVAL && errno != EFAULT;
	/* If it stays, it is one page more of what is mapped here anyway. */
	(void)syscall(SYS_munmap, twin, page_size);
	return true;
}

bool vma_probe_is_shared(uintptr_t start, uintptr_t end)
{
	size_t page_size = sysconf(_SC_PAGESIZE);
	uintptr_t page;

	for (page = start & ~(page_size - 1); page < end; page += page_size)
		if (is_shared(page, page_size))
			return true;
	return false;
}
