// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Files of tmpfs and hugetlbfs that are unlinked and closed need no guard,
 * wherever they are mounted and whoever asks.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/mapping.h"

static char dir[] = DISK "/unit-memory-XXXXXX";

/* In a mount name space of our own; for root only */
int group_setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		print_message("no mounts here: %s\n", strerrorname_np(errno));
	return 0;
}

int group_teardown(void **state)
{
	(void)umount2(dir, MNT_DETACH);
	return rmdir(dir);
}

/* A mapping of a file that has no name and no descriptor any more */
static char *map_nameless(const char *type, size_t size)
{
	char path[PATH_MAX], *addr;
	int fd;

	if (mount(type, dir, type, 0, "mode=0777"))
		SKIP_CASE("%s cannot be mounted: %s", type,
			  strerrorname_np(errno));
	snprintf(path, sizeof(path), "%s/f", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unlink(path);
	close(fd);
	return addr == MAP_FAILED ? NULL : addr;
}

static void needs_no_guard(const char *type, size_t size)
{
	char *addr = map_nameless(type, size);
	struct mapping mapping;

	if (!addr) {
		umount2(dir, MNT_DETACH);
		SKIP_CASE("no memory of %s to be had", type);
	}
	privileges_drop();
	assert_int_equal(mapping_classify((uintptr_t)addr, page_size(),
					  gettid(), &mapping),
			 0);
	privileges_regain();
	assert_int_equal(mapping.n_parts, 0);
	mapping_put(&mapping);
	/* No mount shows it any more: huge pages still tell. */
	umount2(dir, MNT_DETACH);
	privileges_drop();
	assert_int_equal(mapping_classify((uintptr_t)addr, page_size(),
					  gettid(), &mapping),
			 0);
	privileges_regain();
	assert_int_equal(mapping.n_parts, size > page_size() ? 0 : 1);
	mapping_put(&mapping);
	munmap(addr, size);
}

CASE(tmpfs)
{
	needs_no_guard("tmpfs", page_size());
}

CASE(hugetlbfs)
{
	needs_no_guard("hugetlbfs", 2UL << 20);
}
