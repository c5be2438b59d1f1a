/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What the files of the preload object share */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/export.h"
#include "preload/private.h"

/*
 * Names that hooks of memory look up and patch, as those of UCX, MPI and
 * libfabric do to hear of memory that goes: dlsym(3) must find libc's function,
 * which free(3) runs, too.  If it found ours, such a hook would patch that, and
 * never hear of what free(3) unmaps.
 *
 * So ours have the version that a program asks for that was linked with libc,
 * but not as the default one, which is what dlsym(3) asks for.
 *
 * front_@name stands in front of libc's @name.
 */
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

struct aiocb;

/* What ours stand in front of: ONE(type, name, parameters, arguments) for each */
#define PRELOAD_NEXT(ONE)                                                     \
	ONE(void *, mmap,                                                     \
	    (void *addr, size_t length, int prot, int flags, int fd,          \
	     off_t offset),                                                   \
	    addr, length, prot, flags, fd, offset)                            \
	ONE(int, munmap, (void *addr, size_t length), addr, length)           \
	ONE(void *, mremap,                                                   \
	    (void *old, size_t old_size, size_t new_size, int flags,          \
	     void *new_addr),                                                 \
	    old, old_size, new_size, flags, new_addr)                         \
	ONE(int, madvise, (void *addr, size_t length, int advice), addr,      \
	    length, advice)                                                   \
	ONE(int, msync, (void *addr, size_t length, int flags), addr, length, \
	    flags)                                                            \
	ONE(int, fsync, (int fd), fd)                                         \
	ONE(int, fdatasync, (int fd), fd)                                     \
	ONE(int, sync_file_range,                                             \
	    (int fd, off_t offset, off_t length, unsigned int flags), fd,     \
	    offset, length, flags)                                            \
	ONE(int, syncfs, (int fd), fd)                                        \
	ONE(int, fcntl, (int fd, int command, void *arg), fd, command, arg)   \
	ONE(int, ftruncate, (int fd, off_t length), fd, length)               \
	ONE(int, fallocate, (int fd, int mode, off_t offset, off_t length),   \
	    fd, mode, offset, length)                                         \
	ONE(int, ioctl, (int fd, unsigned long request, void *arg), fd,       \
	    request, arg)                                                     \
	ONE(ssize_t, copy_file_range,                                         \
	    (int from, off_t *from_offset, int to, off_t *to_offset,          \
	     size_t length, unsigned int flags),                              \
	    from, from_offset, to, to_offset, length, flags)                  \
	ONE(void, sync, (void))                                               \
	ONE(int, aio_fsync, (int operation, struct aiocb *aiocb), operation,  \
	    aiocb)

struct preload_next {
#define FIELD(type, name, parameters, ...) type(*name) parameters;
	PRELOAD_NEXT(FIELD)
#undef FIELD
};

/*
 * The next definitions of the names, which may be those of another preloaded
 * object.  Each is found at its first call, or when the constructor runs.
 */
extern struct preload_next preload_next;

/* Find all of them. */
void preload_next_find(void);

/* Files that an operation takes blocks from, or whose blocks it shares */
struct removal {
	struct lease_barrier *barriers; /* room for one a file */
	size_t n;
	int error; /* ETXTBSY: a memory region over one could not be revoked */
};

#define REMOVAL(name, n_files)                         \
	struct lease_barrier name##_barriers[n_files]; \
	struct removal name = { .barriers = name##_barriers }

static inline void removal_add(struct removal *removal, int fd, bool is_shared)
{
	struct lease_barrier *barrier = &removal->barriers[removal->n];
	int r;

	if (removal->error)
		return;
	r = pinsafe_private_removal_begin(fd, is_shared, barrier);
	removal->n += !r;
	if (r == ETXTBSY)
		removal->error = r;
}

static inline void removal_end(struct removal *removal)
{
	while (removal->n)
		pinsafe_private_removal_end(&removal->barriers[--removal->n]);
	if (removal->error)
		errno = removal->error;
}

/* What @call returns, with the memory regions gone; or -1 and errno */
#define REMOVE(removal, call)                  \
	({                                     \
		__typeof__(call) result_ = -1; \
                                               \
		if (!(removal)->error)         \
			result_ = call;        \
		removal_end(removal);          \
		result_;                       \
	})

/* Is the descriptor on a file system with this number in statfs(2)? */
bool preload_is_on(int fd, unsigned int fs_magic);
