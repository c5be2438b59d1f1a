// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What comes after the preload object.  Before its constructor has run others
 * already call: allocators, to which dlsym(3) would come back, since it may
 * allocate; and constructors of libraries, which may have put hooks behind us,
 * in the code of libc or under the same name, that have to see these calls.
 */
#include <aio.h>
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/look_up.h"
#include "preload/preload_next.h"

/* ISO C has no cast from void * to a function. */
#define SET(name, next)                                       \
	do {                                                  \
		void *found = next;                           \
                                                              \
		if (found)                                    \
			*(void **)&preload_next.name = found; \
	} while (0)

/*
 * Calls that come before the constructor: find what is next, and if there is
 * nothing make the system call.
 */
#define FIRST(type, name, parameters, ...)                     \
	static type first_##name parameters                    \
	{                                                      \
		SET(name, preload_find_next(#name));           \
		if (preload_next.name != first_##name)         \
			return preload_next.name(__VA_ARGS__); \
		return (type)syscall(SYS_##name, __VA_ARGS__); \
	}

PRELOAD_NEXT(FIRST)

static void first_sync(void)
{
	SET(sync, preload_find_next("sync"));
	if (preload_next.sync != first_sync)
		preload_next.sync();
	else
		(void)syscall(SYS_sync);
}

/* There is no such system call. */
static int first_aio_fsync(int operation, struct aiocb *aiocb)
{
	SET(aio_fsync, preload_find_next("aio_fsync"));
	if (preload_next.aio_fsync != first_aio_fsync)
		return preload_next.aio_fsync(operation, aiocb);
	errno = ENOSYS;
	return -1;
}

struct preload_next preload_next = {
#define FIELD(type, name, ...) .name = first_##name,
	PRELOAD_NEXT(FIELD) FIELD(void, sync) FIELD(int, aio_fsync)
};

void preload_next_find(void)
{
#define FIND(type, name, ...) SET(name, look_up(RTLD_NEXT, #name));
	PRELOAD_NEXT(FIND)
	FIND(void, sync)
	FIND(int, aio_fsync)
}
