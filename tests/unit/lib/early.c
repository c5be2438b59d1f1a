// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A library that maps memory and the like as soon as it is loaded, as an
 * allocator does.  Nothing that is preloaded has had its constructors run then,
 * as this depends on nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "next.h"

struct next_early next_early;

/* Once for each call */
static void check(int is_true)
{
	next_early.n_called++;
	next_early.n_failed += !is_true;
}

__attribute__((constructor)) static void use_all(void)
{
	int fd = memfd_create("early", MFD_CLOEXEC), n_before = next_n_passed;
	void *addr;

	next_early.was_called = 1;
	check(ftruncate(fd, 4096) == 0);
	check(fallocate(fd, 0, 0, 4096) == 0);
	addr = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(addr != MAP_FAILED);
	check(madvise(addr, 4096, MADV_NORMAL) == 0);
	check(msync(addr, 4096, MS_SYNC) == 0);
	check(fsync(fd) == 0);
	check(fdatasync(fd) == 0);
	addr = mremap(addr, 4096, 8192, MREMAP_MAYMOVE);
	check(addr != MAP_FAILED);
	check(munmap(addr, 8192) == 0);
	check(munmap((void *)1, 4096) == -1 && errno == EINVAL);
	check(ioctl(-1, 0, NULL) == -1 && errno == EBADF);
	check(copy_file_range(-1, NULL, fd, NULL, 1, 0) == -1 &&
	      errno == EBADF);
	close(fd);
	next_early.n_recorded = next_n_passed - n_before;
}
