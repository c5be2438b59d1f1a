// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: mappings that come and go.  watch.c keeps the files
 * behind some of them, and memory regions with on-demand paging have to go
 * before their addresses do.  All else passes without a lock.
 */
#include <stdarg.h>
#include <sys/mman.h>

#include "api.h"
#include "preload_next.h"

PINSAFE_EXPORT void *mmap(void *addr, size_t length, int prot, int flags,
			  int fd, off_t offset)
{
	int type = flags & MAP_TYPE;
	void *mapped;

	if (flags & MAP_FIXED)
		pinsafe_private_unmapping(addr, length);
	mapped = preload_next.mmap(addr, length, prot, flags, fd, offset);
	if (mapped != MAP_FAILED && fd >= 0 && !(flags & MAP_ANONYMOUS) &&
	    (type == MAP_SHARED || type == MAP_SHARED_VALIDATE))
		pinsafe_private_mapped(mapped, length, fd);
	return mapped;
}

PINSAFE_EXPORT void *mmap64(void *addr, size_t length, int prot, int flags,
			    int fd, off64_t offset)
	__attribute__((alias("mmap")));

PINSAFE_EXPORT int munmap(void *addr, size_t length)
{
	pinsafe_private_unmapping(addr, length);
	return preload_next.munmap(addr, length);
}

PINSAFE_EXPORT void *mremap(void *old, size_t old_size, size_t new_size,
			    int flags, ...)
{
	void *new_addr = NULL;
	va_list args;

	/* With the latter alone it is a hint. */
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		va_start(args, flags);
		new_addr = va_arg(args, void *);
		va_end(args);
	}
	if (flags & MREMAP_FIXED)
		pinsafe_private_unmapping(new_addr, new_size);
	pinsafe_private_unmapping(old, old_size);
	return preload_next.mremap(old, old_size, new_size, flags, new_addr);
}
