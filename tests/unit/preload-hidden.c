// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Under LD_PRELOAD: hooks of memory that look functions up, to patch them, find
 * those of libc, while the program calls those of the preload object.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "lib/test.h"

#define PRELOADED "libpinsafe-preload.so"

/* What UCX, Open MPI, MVAPICH and libfabric look up, and those beside it */
static const char *const hooked[] = {
	"mmap",	  "mmap64",   "munmap",	 "mremap",  "madvise",
	"brk",	  "sbrk",     "shmat",	 "shmdt",   "mprotect",
	"malloc", "free",     "calloc",	 "realloc", "memalign",
	"valloc", "dlopen",   "dlclose", "fork",    "syscall",
	"__mmap", "__munmap", "__brk",	 "__sbrk",  "posix_madvise",
	"openat", "close",    "dup2",	 "read",    "write",
};

/* The object that @address is in, or "" */
static const char *object_of(const void *address)
{
	Dl_info info;

	return address && dladdr(address, &info) ? info.dli_fname : "";
}

static bool is_ours(const void *address)
{
	return strstr(object_of(address), PRELOADED);
}

CASE(preloaded__or_nothing_is_tested)
{
	void *watch = dlsym(RTLD_DEFAULT, "pinsafe_preload_watch");

	assert_true(is_ours(watch));
}

CASE(looked_up__never_ours)
{
	size_t i;

	for (i = 0; i < N_OF(hooked); i++) {
		if (is_ours(dlsym(RTLD_DEFAULT, hooked[i])) ||
		    is_ours(dlsym(RTLD_NEXT, hooked[i])))
			fail_msg("%s is found in " PRELOADED, hooked[i]);
	}
}

CASE(looked_up_in_the_preload_object__libc)
{
	void *handle = dlopen(getenv("LD_PRELOAD"), RTLD_LAZY | RTLD_NOLOAD);
	void *found;

	assert_non_null(handle);
	found = dlsym(handle, "munmap");
	assert_true(strstr(object_of(found), "libc.so"));
	dlclose(handle);
}

/* The address that the program itself gets is the one that it calls. */
CASE(called__ours)
{
	void *(*const volatile own_mmap)(void *, size_t, int, int, int, off_t) =
		mmap;
	void *(*const volatile own_mmap64)(void *, size_t, int, int, int,
					   off64_t) = mmap64;
	int (*const volatile own_munmap)(void *, size_t) = munmap;
	void *(*const volatile own_mremap)(void *, size_t, size_t, int, ...) =
		mremap;
	int (*const volatile own_madvise)(void *, size_t, int) = madvise;

	assert_true(is_ours((void *)own_mmap));
	assert_true(is_ours((void *)own_mmap64));
	assert_true(is_ours((void *)own_munmap));
	assert_true(is_ours((void *)own_mremap));
	assert_true(is_ours((void *)own_madvise));
}
