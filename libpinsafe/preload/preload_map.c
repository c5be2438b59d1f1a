// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: mappings that come and go.  Memory regions with
 * on-demand paging have to go before their addresses do; the files behind some
 * mappings watch.c keeps until the kernel has unmapped them.  All else passes
 * without a lock.
 */
#include <stdarg.h>
#include <sys/mman.h>

#include "preload/preload_next.h"

PRELOAD_HIDDEN(mmap);
PRELOAD_HIDDEN(mmap64);
PRELOAD_HIDDEN(munmap);
PRELOAD_HIDDEN(mremap);

static uint64_t unmapping(const void *addr, size_t length)
{
	return pinsafe_private_is_watching ?
		       pinsafe_private_unmapping(addr, length) :
		       0;
}

void *front_mmap(void *addr, size_t length, int prot, int flags, int fd,
		 off_t offset)
{
	int type = flags & MAP_TYPE;
	uint64_t ticket = 0;
	void *mapped;

	if (!(flags & MAP_FIXED) && fd < 0)
		return preload_next.mmap(addr, length, prot, flags, fd, offset);
	if (flags & MAP_FIXED)
		ticket = unmapping(addr, length);
	mapped = preload_next.mmap(addr, length, prot, flags, fd, offset);
	if (mapped != MAP_FAILED && ticket)
		pinsafe_private_unmapped(addr, length, ticket);
	if (mapped != MAP_FAILED && fd >= 0 && !(flags & MAP_ANONYMOUS) &&
	    (type == MAP_SHARED || type == MAP_SHARED_VALIDATE))
		pinsafe_private_mapped(mapped, length, fd);
	return mapped;
}

void *front_mmap64(void *addr, size_t length, int prot, int flags, int fd,
		   off64_t offset) __attribute__((alias("front_mmap")));

int front_munmap(void *addr, size_t length)
{
	uint64_t ticket = unmapping(addr, length);
	int r;

	if (!ticket)
		return preload_next.munmap(addr, length);
	r = preload_next.munmap(addr, length);
	if (!r)
		pinsafe_private_unmapped(addr, length, ticket);
	return r;
}

void *front_mremap(void *old, size_t old_size, size_t new_size, int flags, ...)
{
	struct watch_move move = {
		.start = (uintptr_t)old,
		.end = (uintptr_t)old + old_size,
		/* Without a length a shared mapping is doubled. */
		.stays = !old_size || flags & MREMAP_DONTUNMAP,
	};
	void *new_addr = NULL;
	va_list args;

	/* With the latter alone it is a hint. */
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		va_start(args, flags);
		new_addr = va_arg(args, void *);
		va_end(args);
	}
	if (flags & MREMAP_FIXED)
		move.ticket = unmapping(new_addr, new_size);
	move.ticket = unmapping(old, old_size) ?: move.ticket;
	new_addr = preload_next.mremap(old, old_size, new_size, flags,
				       new_addr);
	move.new_start = (uintptr_t)new_addr;
	move.new_end = move.new_start + new_size;
	if (new_addr != MAP_FAILED && move.ticket)
		pinsafe_private_remapped(&move);
	return new_addr;
}
