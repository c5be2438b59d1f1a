/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Names that hooks of memory look up and patch, as those of UCX, MPI and
 * libfabric do to hear of memory that goes: dlsym(3) must find libc's function,
 * which free(3) runs, too.  If it found ours, such a hook would patch that, and
 * never hear of what free(3) unmaps.
 *
 * So ours have the version that a program asks for that was linked with libc,
 * but not as the default one, which is what dlsym(3) asks for.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/export.h"

/* front_@name stands in front of libc's @name. */
#ifdef PINSAFE_LIBC_VERSION
#define PRELOAD_HIDDEN(name)                                               \
	__asm__(".symver front_" #name ", " #name "@" PINSAFE_LIBC_VERSION)
#else /* in a unit test */
#define PRELOAD_HIDDEN(name) _Static_assert(true, #name)
#endif

PINSAFE_EXPORT void *front_mmap(void *addr, size_t length, int prot, int flags,
				int fd, off_t offset);
PINSAFE_EXPORT void *front_mmap64(void *addr, size_t length, int prot,
				  int flags, int fd, off64_t offset);
PINSAFE_EXPORT int front_munmap(void *addr, size_t length);
PINSAFE_EXPORT void *front_mremap(void *old, size_t old_size, size_t new_size,
				  int flags, ...);
PINSAFE_EXPORT int front_madvise(void *addr, size_t length, int advice);
