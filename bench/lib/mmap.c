// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A mapping made and gone: by way of who is in front of the C library, and not. */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define RIGHTS (PROT_READ | PROT_WRITE)
#define FLAGS (MAP_PRIVATE | MAP_ANONYMOUS)

void bench_mmap(long n)
{
	void *addr;

	while (n--) {
		addr = mmap(NULL, BENCH_PAGE, RIGHTS, FLAGS, -1, 0);
		if (addr == MAP_FAILED || munmap(addr, BENCH_PAGE))
			BENCH_DIE("mmap");
	}
}

void bench_raw_mmap(long n)
{
	long addr;

	while (n--) {
		addr = syscall(SYS_mmap, NULL, BENCH_PAGE, RIGHTS, FLAGS, -1,
			       0);
		if (addr == -1 || syscall(SYS_munmap, addr, BENCH_PAGE))
			BENCH_DIE("mmap");
	}
}
