// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <linux/magic.h>
#include <string.h>
#include <unistd.h>

#include "preload/private.h"
#include "watched.h"

struct file watched_file;

int watched_setup(void **state)
{
	memset(&fake_config, 0, sizeof(fake_config));
	memset(&fake_keeper, 0, sizeof(fake_keeper));
	fake_lease.has_others = false;
	fake_fork_setup_error = 0;
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	file_make(&watched_file, DISK, PAGES);
	watch_enable();
	return 0;
}

int watched_teardown(void **state)
{
	watched_forget(0, UINTPTR_MAX);
	watch_forget();
	file_put(&watched_file);
	return fake_keeper.n_owned;
}

void watched_map(uintptr_t start, size_t pages, int fd)
{
	pinsafe_private_mapped((void *)start, pages * PAGE, fd);
}

void watched_map_all(int fd)
{
	watched_map(START, PAGES, fd);
}

void watched_forget(uintptr_t start, uintptr_t end)
{
	watch_forget_range(start, end, UINT64_MAX);
}

void watched_unmap(size_t first, size_t pages)
{
	watched_forget(START + first * PAGE, START + (first + pages) * PAGE);
}

bool watched_is_kept(void)
{
	int fd = watch_dup(watched_file.dev, watched_file.ino);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}
