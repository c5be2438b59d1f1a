// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Under LD_PRELOAD: what libmlx5 would pin without a memory region is refused
 * if it needs a guard, and else goes through.
 *
 *   preload-umem local|global LIBRARY
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/files.h"
#include "lib/mlx5.h"
#include "lib/test.h"

static const struct umem_user *user;
static struct file file;

static int on_disk(void **state)
{
	file_make(&file, DISK, 4);
	return 0;
}

static int in_memory(void **state)
{
	file_make(&file, SHM, 4);
	return 0;
}

static int teardown(void **state)
{
	file_put(&file);
	return 0;
}

static void goes_through(void *addr, size_t size)
{
	unsigned int before = user->calls();

	assert_non_null(user->reg(addr, size));
	assert_non_null(user->reg_ex(addr, size, 0));
	assert_int_equal(user->calls(), before + 2);
}

CASE_WITH(file_on_disk__refused, on_disk, teardown)
{
	char *addr = file_map(&file, 0, 4, PROT_READ | PROT_WRITE, NULL);
	unsigned int before = user->calls();

	errno = 0;
	assert_null(user->reg(addr + 1, page_size()));
	assert_int_equal(errno, EOPNOTSUPP);
	errno = 0;
	assert_null(user->reg_ex(addr, 4 * page_size(), 0));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(user->calls(), before);
	munmap(addr, 4 * page_size());
}

CASE_WITH(file_in_memory__goes_through, in_memory, teardown)
{
	char *addr = file_map(&file, 0, 4, PROT_READ | PROT_WRITE, NULL);

	goes_through(addr, 4 * page_size());
	munmap(addr, 4 * page_size());
}

CASE(anonymous__goes_through)
{
	char *addr = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	goes_through(addr, page_size());
	munmap(addr, page_size());
}

CASE_WITH(dmabuf__goes_through, on_disk, teardown)
{
	char *addr = file_map(&file, 0, 4, PROT_READ | PROT_WRITE, NULL);

	/* The address is an offset into something else then. */
	assert_non_null(
		user->reg_ex(addr, page_size(), MLX5DV_UMEM_MASK_DMABUF));
	munmap(addr, 4 * page_size());
}

int main(int argc, char **argv)
{
	int scope = RTLD_LOCAL;
	void *handle;

	if (argc != 3)
		return 1;
	if (!strcmp(argv[1], "global"))
		scope = RTLD_GLOBAL;
	handle = dlopen(argv[2], RTLD_NOW | scope);
	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	user = dlsym(handle, "umem_user");
	return run_cases();
}
