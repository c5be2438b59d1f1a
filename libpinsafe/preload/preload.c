// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: every provider that opens a device under LD_PRELOAD
 * comes by here.  The name has no version, so that it stands for the one of any
 * private ABI of libibverbs.
 */
#include <aio.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/preload_next.h"

/* libibverbs/driver.h, which is not installed */
PINSAFE_EXPORT void verbs_set_ops(void *verbs_context, const void *ops);

/* scan.c, which may come before us */
PINSAFE_EXPORT void pinsafe_preload_watch(void);

void pinsafe_preload_watch(void)
{
	pinsafe_private_watch();
}

void verbs_set_ops(void *verbs_context, const void *ops)
{
	pinsafe_private_watch();
	pinsafe_private_set_ops(verbs_context, ops,
				__builtin_return_address(0));
}

/* What the preload object stands in front of, as it is loaded. */

/*
 * What called.c compares with what the program calls.  Not fcntl(2): many that
 * stand in front of it hand it on, and lease_break.c looks for O_DIRECT, too.
 */
static const struct called_function in_front[] = {
	{ "mmap", (void *)front_mmap, CALLED_MAPPINGS },
	{ "mmap64", (void *)front_mmap64, CALLED_MAPPINGS },
	{ "munmap", (void *)front_munmap, CALLED_MAPPINGS },
	{ "mremap", (void *)front_mremap, CALLED_MAPPINGS },
	{ "madvise", (void *)front_madvise, CALLED_FILES },
	{ "ftruncate", (void *)ftruncate, CALLED_FILES },
	{ "ftruncate64", (void *)ftruncate64, CALLED_FILES },
	{ "fallocate", (void *)fallocate, CALLED_FILES },
	{ "fallocate64", (void *)fallocate64, CALLED_FILES },
	{ "ioctl", (void *)ioctl, CALLED_FILES },
	{ "copy_file_range", (void *)copy_file_range, CALLED_FILES },
	{ "fsync", (void *)fsync, CALLED_FILES },
	{ "fdatasync", (void *)fdatasync, CALLED_FILES },
	{ "msync", (void *)msync, CALLED_FILES },
	{ "sync_file_range", (void *)sync_file_range, CALLED_FILES },
	{ "syncfs", (void *)syncfs, CALLED_FILES },
	{ "sync", (void *)sync, CALLED_FILES },
	{ "aio_fsync", (void *)aio_fsync, CALLED_FILES },
	{ "aio_fsync64", (void *)aio_fsync64, CALLED_FILES },
};

__attribute__((constructor)) static void find(void)
{
	pinsafe_private_in_front(in_front,
				 sizeof(in_front) / sizeof(in_front[0]));
	preload_next_find();
}
