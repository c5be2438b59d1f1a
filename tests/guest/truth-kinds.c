// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"
#include "truth-kinds.h"

#define LEN (64UL << 10)
#define HUGE_LEN (2UL << 20) /* also the alignment of device-DAX */

static const struct {
	const char *name;
	const char *where; /* of the environment: a directory or a device */
} memories[] = {
	[ANONYMOUS] = {"anonymous", NULL},
	[EXT4_DAX] = {"ext4 DAX", "PINSAFE_TEST_EXT4"},
	[XFS_DAX] = {"xfs DAX", "PINSAFE_TEST_XFS"},
	[DEVICE_DAX] = {"device-DAX", "PINSAFE_TEST_DEVDAX"},
	[PAGE_CACHE] = {"ext4 page cache", "PINSAFE_TEST_PAGECACHE"},
	[TMPFS] = {"tmpfs", "PINSAFE_TEST_TMPFS"},
	[MEMFD] = {"memfd", NULL},
	[HUGETLB] = {"hugetlb", "PINSAFE_TEST_HUGETLB"},
	[BTRFS] = {"btrfs", "PINSAFE_TEST_BTRFS"},
	[OVERLAY] = {"overlay", "PINSAFE_TEST_OVERLAY"},
};

static const char *const hows[] = {
	[SHARED] = "shared",
	[SHARED_READ] = "shared, PROT_READ",
	[SHARED_RDONLY] = "shared, PROT_READ, O_RDONLY",
	[PRIVATE] = "private",
	[PRIVATE_READ] = "private, PROT_READ",
	[COPIED] = "private, copied",
	[COPIED_READ] = "private, copied, then PROT_READ",
	[HALF_ANONYMOUS] = "shared, after anonymous",
};

const char *kind_memory_name(enum memory memory)
{
	return memories[memory].name;
}

const char *kind_how_name(enum how how)
{
	return hows[how];
}

static int open_memfd(void)
{
	int fd = memfd_create("truth", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, LEN))
		t_bail("memfd");
	return fd;
}

static int open_hugetlb(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char *addr;

	if (fd < 0 || ftruncate(fd, HUGE_LEN))
		t_bail("%s", path);
	/* There is no write(2) for these */
	addr = files_map(fd, HUGE_LEN);
	memset(addr, KIND_FILL, HUGE_LEN);
	munmap(addr, HUGE_LEN);
	return fd;
}

static int open_file(enum memory memory, struct kind *kind, int flags)
{
	const char *where = getenv(memories[memory].where);
	int fd;

	if (memory == DEVICE_DAX) {
		fd = open(where, flags | O_CLOEXEC);
		if (fd < 0)
			t_bail("%s", where);
		return fd;
	}
	files_path(kind->path, where, "truth");
	if (memory == HUGETLB)
		return open_hugetlb(kind->path);
	/* Opened once more, so that the file is open in this way only */
	close(files_create(kind->path, LEN, KIND_FILL));
	fd = open(kind->path, flags | O_CLOEXEC);
	if (fd < 0)
		t_bail("opening %s", kind->path);
	if (files_is_dax(fd) != (memory == EXT4_DAX || memory == XFS_DAX))
		t_bail("%s is not what it should be", kind->path);
	return fd;
}

static char *map(struct kind *kind, enum how how)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED;

	if (how == SHARED_READ || how == SHARED_RDONLY || how == PRIVATE_READ)
		prot = PROT_READ;
	if (how == PRIVATE || how == PRIVATE_READ || how == COPIED ||
	    how == COPIED_READ)
		flags = MAP_PRIVATE;
	if (kind->fd < 0)
		flags |= MAP_ANONYMOUS;
	return mmap(NULL, kind->len, prot, flags, kind->fd, 0);
}

static char *map_half(struct kind *kind)
{
	char *addr = mmap(NULL, 2 * kind->len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		return addr;
	memset(addr, KIND_FILL, kind->len);
	if (mmap(addr + kind->len, kind->len, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, kind->fd, 0) == MAP_FAILED)
		t_bail("mapping half of the memory");
	kind->len *= 2;
	return addr;
}

bool kind_map(enum memory memory, enum how how, struct kind *ret)
{
	struct kind kind = {.fd = -1, .len = LEN};

	if (memories[memory].where && !getenv(memories[memory].where))
		return false;
	if (memory == DEVICE_DAX || memory == HUGETLB)
		kind.len = HUGE_LEN;
	if (memory == MEMFD)
		kind.fd = open_memfd();
	else if (memory != ANONYMOUS)
		kind.fd = open_file(memory, &kind,
				    how == SHARED_RDONLY ? O_RDONLY : O_RDWR);
	kind.addr = how == HALF_ANONYMOUS ? map_half(&kind) : map(&kind, how);
	if (kind.addr == MAP_FAILED)
		t_bail("mapping %s, %s", kind_memory_name(memory),
		       kind_how_name(how));
	/* What was created without data, and what is to be copied */
	if (how == COPIED || how == COPIED_READ || memory == ANONYMOUS ||
	    memory == MEMFD || memory == DEVICE_DAX)
		memset(kind.addr, KIND_FILL, kind.len);
	if (how == COPIED_READ && mprotect(kind.addr, kind.len, PROT_READ))
		t_bail("mprotect");
	*ret = kind;
	return true;
}

void kind_unmap(struct kind *kind)
{
	munmap(kind->addr, kind->len);
	if (kind->fd >= 0)
		close(kind->fd);
	if (kind->path[0])
		unlink(kind->path);
}
