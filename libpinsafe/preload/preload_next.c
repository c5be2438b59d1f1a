// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What comes after the preload object.  Before its constructor has run others
 * already call: allocators, to which dlsym(3) would come back, since it may
 * allocate; and constructors of libraries, which may have put hooks behind us,
 * in the code of libc or under the same name, that have to see these calls.
 */
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/loaded.h"
#include "base/look_up.h"
#include "preload/preload_next.h"

struct search {
	const char *name;
	bool is_behind; /* the preload object was seen */
	void *ret_found;
};

static int look_at(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;

	if (!search->is_behind) {
		search->is_behind =
			loaded_contains(info, PT_LOAD, (uintptr_t)look_at);
		return 0;
	}
	search->ret_found = loaded_export(info, search->name);
	return search->ret_found != NULL;
}

/*
 * What dlsym(RTLD_NEXT, @name) finds here, or NULL.  Allocates nothing, and takes
 * no lock that is held while others allocate; so it is for allocators that have
 * just begun.  Not found are functions that are chosen at run time
 * (STT_GNU_IFUNC), and what is in objects without DT_GNU_HASH.
 */
static void *find_next(const char *name)
{
	struct search search = { .name = name };

	dl_iterate_phdr(look_at, &search);
	return search.ret_found;
}

/* ISO C has no cast from void * to a function. */
#define SET(name, next)                                       \
	do {                                                  \
		void *found = next;                           \
                                                              \
		if (found)                                    \
			*(void **)&preload_next.name = found; \
	} while (0)

/* What the C library makes of threads: sandboxes may kill for a bad number. */
#define NO_SYSTEM_CALL (-1)
#define SYS_aio_fsync NO_SYSTEM_CALL

static long no_system_call(void)
{
	errno = ENOSYS;
	return -1;
}

/*
 * Calls that come before the constructor: find what is next, and if there is
 * nothing make the system call, if there is one.
 */
#define FIRST(type, name, parameters, ...)                       \
	static type first_##name parameters                      \
	{                                                        \
		SET(name, find_next(#name));                     \
		if (preload_next.name != first_##name)           \
			return preload_next.name(__VA_ARGS__);   \
		if (SYS_##name == NO_SYSTEM_CALL)                \
			return (type)no_system_call();           \
		return (type)syscall(SYS_##name, ##__VA_ARGS__); \
	}

PRELOAD_NEXT(FIRST)

struct preload_next preload_next = {
#define FIELD(type, name, ...) .name = first_##name,
	PRELOAD_NEXT(FIELD)
};

void preload_next_find(void)
{
#define FIND(type, name, ...) SET(name, look_up(RTLD_NEXT, #name));
	PRELOAD_NEXT(FIND)
}
