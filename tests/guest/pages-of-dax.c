// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Pages of a file with DAX are never taken for anonymous ones: small and huge
 * ones, holes, whether read or written; nor are those of the same memory when it
 * is mapped by two, and private copies are.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/mapping.h"
#include "t.h"

#define HUGE (2ul << 20)
#define SIZE (2 * HUGE)

static char *reserve(void)
{
	char *addr = mmap(NULL, SIZE + HUGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		t_bail("mmap");
	return (char *)(((uintptr_t)addr + HUGE - 1) & ~(HUGE - 1));
}

static char *map(int fd, int flags)
{
	char *addr = mmap(reserve(), SIZE, PROT_READ | PROT_WRITE,
			  flags | MAP_FIXED, fd, 0);

	if (addr == MAP_FAILED)
		t_bail("mmap of the file");
	return addr;
}

static void touch(char *addr, bool is_write)
{
	size_t i;

	for (i = 0; i < SIZE; i += 4096) {
		if (is_write)
			addr[i] = 1;
		else
			(void)*(volatile char *)(addr + i);
	}
}

static void check(const char *addr, bool expected, const char *what)
{
	size_t i, n_said = 0;

	for (i = 0; i < SIZE; i += 4096)
		n_said += pages_are_anonymous((uintptr_t)addr + i, 4096);
	t_ok(n_said == (expected ? SIZE / 4096 : 0),
	     "%s: %zu of %zu pages are called anonymous", what, n_said,
	     SIZE / 4096);
	t_ok(pages_are_anonymous((uintptr_t)addr, SIZE) == expected,
	     "%s: all of them together", what);
}

static void check_file(const char *dir, bool has_blocks, bool is_write)
{
	char path[256], what[80], *addr, *again;
	int fd;

	snprintf(path, sizeof(path), "%s/pages", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, SIZE) ||
	    (has_blocks && posix_fallocate(fd, 0, SIZE)))
		t_bail("%s", path);
	snprintf(what, sizeof(what), "%s, %s", has_blocks ? "blocks" : "a hole",
		 is_write ? "written" : "read");
	addr = map(fd, MAP_SHARED);
	touch(addr, is_write);
	check(addr, false, what);
	again = map(fd, MAP_SHARED);
	touch(again, is_write);
	check(addr, false, what);
	munmap(again, SIZE);
	munmap(addr, SIZE);
	addr = map(fd, MAP_PRIVATE);
	touch(addr, false);
	check(addr, false, "private, read");
	touch(addr, true);
	check(addr, true, "private, written");
	munmap(addr, SIZE);
	close(fd);
	unlink(path);
}

int main(int argc, char **argv)
{
	char *addr = map(-1, MAP_PRIVATE | MAP_ANONYMOUS);
	int i;

	touch(addr, true);
	check(addr, true, "anonymous");
	for (i = 0; i < 4; i++)
		check_file(argv[1], i & 1, i & 2);
	return t_done();
}
