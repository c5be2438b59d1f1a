/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* The functions that those of the preload object stand in front of. */
#ifndef PINSAFE_PRELOAD_NEXT_H
#define PINSAFE_PRELOAD_NEXT_H

#include <stddef.h>
#include <sys/types.h>

struct aiocb;

struct preload_next {
	void *(*mmap)(void *addr, size_t length, int prot, int flags, int fd,
		      off_t offset);
	int (*munmap)(void *addr, size_t length);
	void *(*mremap)(void *old, size_t old_size, size_t new_size, int flags,
			void *new_addr);
	int (*madvise)(void *addr, size_t length, int advice);
	int (*msync)(void *addr, size_t length, int flags);
	int (*fsync)(int fd);
	int (*fdatasync)(int fd);
	int (*sync_file_range)(int fd, off_t offset, off_t length,
			       unsigned int flags);
	int (*syncfs)(int fd);
	void (*sync)(void);
	int (*aio_fsync)(int operation, struct aiocb *aiocb);
	int (*fcntl)(int fd, int command, void *arg);
	int (*ftruncate)(int fd, off_t length);
	int (*fallocate)(int fd, int mode, off_t offset, off_t length);
	int (*ioctl)(int fd, unsigned long request, void *arg);
	ssize_t (*copy_file_range)(int from, off_t *from_offset, int to,
				   off_t *to_offset, size_t length,
				   unsigned int flags);
};

/*
 * The next definitions of the names, which may be those of another preloaded
 * object.  Each is found at its first call, or when the constructor runs.
 */
extern struct preload_next preload_next;

/* Find all of them. */
void preload_next_find(void);

#endif /* PINSAFE_PRELOAD_NEXT_H */
