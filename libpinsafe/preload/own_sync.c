// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the program itself has written back: the kernel knows of what the CPU
 * wrote to a page, and not of what a device wrote since the last writeback.
 */
#include <errno.h>
#include <sys/stat.h>

#include "base/fork.h"
#include "base/lock.h"
#include "preload/private.h"
#include "redirty_written.h"

static void sync_found(const struct track_query *query)
{
	fork_check();
	SECTION(section);
	redirty_found(query);
}

PINSAFE_EXPORT void pinsafe_private_sync_file(int fd, bool is_whole_fs)
{
	int saved_errno = errno;
	struct stat st;

	if (track_may_be_written(0, UINTPTR_MAX) && !fstat(fd, &st) &&
	    (is_whole_fs || track_may_be_written_file(st.st_dev, st.st_ino))) {
		struct track_query query = {
			.dev = st.st_dev,
			.ino = st.st_ino,
			.any_inode = is_whole_fs,
			.end = UINTPTR_MAX,
		};

		sync_found(&query);
	}
	errno = saved_errno;
}

PINSAFE_EXPORT void pinsafe_private_sync_range(const void *addr, size_t length)
{
	uintptr_t start = (uintptr_t)addr, end = own_page_end(start + length);
	int saved_errno;

	if (!track_may_be_written(start, end))
		return;
	saved_errno = errno;
	sync_found(&(struct track_query){
		.any_file = true, .start = start, .end = end });
	errno = saved_errno;
}
