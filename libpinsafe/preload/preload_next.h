/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* The functions that those of the preload object stand in front of. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct aiocb;

/*
 * ONE(type, name, parameters, arguments) for each, but for sync(2), which returns
 * nothing, and aio_fsync(3), which is no system call
 */
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
	    from, from_offset, to, to_offset, length, flags)

struct preload_next {
#define FIELD(type, name, parameters, ...) type(*name) parameters;
	PRELOAD_NEXT(FIELD)
#undef FIELD
	void (*sync)(void);
	int (*aio_fsync)(int operation, struct aiocb *aiocb);
};

/*
 * The next definitions of the names, which may be those of another preloaded
 * object.  Each is found at its first call, or when the constructor runs.
 */
extern struct preload_next preload_next;

/* Find all of them. */
void preload_next_find(void);

/*
 * What dlsym(RTLD_NEXT, @name) finds in the preload object, or NULL.  Allocates
 * nothing, and takes no lock that is held while others allocate; so it is for
 * allocators that have just begun.  Not found are functions that are chosen at
 * run time (STT_GNU_IFUNC), and what is in objects without DT_GNU_HASH.
 */
void *preload_find_next(const char *name);
