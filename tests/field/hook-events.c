// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Of which memory does a library with UCX's hooks hear that it goes?
 * hook-events.sh compares what this says without pinsafe and with it.
 *
 *   hook-events [LIBRARY]    is not linked, but loaded by main()
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "hooks.h"

#define BIG (8ul << 20)
#define MIDDLE 100000
#define N_MIDDLE 100
#define RW (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

static __typeof__(hooks_set) *set;
static __typeof__(hooks_expect) *expect;
static __typeof__(hooks_told) *told;

static void say(const char *what, bool is_part_enough)
{
	printf("%s: %s\n", what, told(is_part_enough) ? "told" : "not told");
}

static void *fill(void *memory, size_t length)
{
	/* Else the compiler leaves out what is only allocated. */
	__asm__ volatile("" : : "r"(memset(memory, 1, length)) : "memory");
	return memory;
}

static void *map(size_t length)
{
	return fill(mmap(NULL, length, RW, PRIVATE, -1, 0), length);
}

static void libc_frees(void)
{
	char *pieces[N_MIDDLE], *big;
	int i;

	big = fill(malloc(BIG), BIG);
	expect(big, BIG);
	free(big);
	say("free of a big piece", false);
	for (i = 0; i < N_MIDDLE; i++)
		pieces[i] = fill(malloc(MIDDLE), MIDDLE);
	expect(pieces[0], pieces[N_MIDDLE - 1] - pieces[0]);
	while (i)
		free(pieces[--i]);
	malloc_trim(0);
	say("the heap shrinks", true);
}

static void program_unmaps(void)
{
	char *addr = map(BIG);

	expect(addr, BIG);
	/* UCX's does not hand on a fifth argument. */
	addr = mremap(addr, BIG, 2 * BIG, MREMAP_MAYMOVE);
	say("mremap", false);
	expect(addr, BIG);
	addr = mmap(addr, BIG, RW, PRIVATE | MAP_FIXED, -1, 0);
	say("mmap over it", false);
	expect(fill(addr, BIG), BIG);
	madvise(addr, BIG, MADV_DONTNEED);
	say("madvise", false);
	expect(addr, 2 * BIG);
	munmap(addr, 2 * BIG);
	say("munmap", false);
}

static void others_unmap(void)
{
	int id = shmget(IPC_PRIVATE, BIG, IPC_CREAT | 0600);
	char *top, *shared = shmat(id, NULL, 0);

	shmctl(id, IPC_RMID, NULL);
	expect(fill(shared, BIG), BIG);
	shmdt(shared);
	say("shmdt", false);
	top = sbrk(MIDDLE);
	if (top == (void *)-1) {
		printf("no sbrk\n");
		return;
	}
	expect(fill(top, MIDDLE), MIDDLE);
	sbrk(-MIDDLE);
	say("sbrk", false);
	top = sbrk(MIDDLE);
	expect(fill(top, MIDDLE), MIDDLE);
	(void)brk(top);
	say("brk", false);
}

static bool load(const char *library)
{
	void *handle = library ? dlopen(library, RTLD_NOW) : RTLD_DEFAULT;

	if (library && !handle)
		printf("%s\n", dlerror());
	*(void **)&set = dlsym(handle, "hooks_set");
	*(void **)&expect = dlsym(handle, "hooks_expect");
	*(void **)&told = dlsym(handle, "hooks_told");
	return set && expect && told;
}

int main(int argc, char **argv)
{
	const char *when = getenv("HOOKS_SET");

	if (!load(argc > 1 ? argv[1] : NULL))
		return 2;
	if (!when || strcmp(when, "constructor"))
		printf("set by main: %d\n", set());
	libc_frees();
	program_unmaps();
	others_unmap();
	return 0;
}
