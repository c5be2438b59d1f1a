// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Shared and private mappings are told apart without /proc, and stay. */
#include <string.h>
#include <sys/mman.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/vma.h"

#define RW (PROT_READ | PROT_WRITE)

static bool is_shared(const void *addr, size_t pages)
{
	return vma_probe_is_shared((uintptr_t)addr,
				   (uintptr_t)addr + pages * page_size());
}

CASE(private_memory)
{
	char *addr = mmap(NULL, 2 * page_size(), RW,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(addr, 'a', 2 * page_size());
	assert_false(is_shared(addr, 2));
	assert_int_equal(addr[page_size()], 'a');
	munmap(addr, 2 * page_size());
}

CASE(private_mapping_of_a_file)
{
	struct file file;
	char *addr;

	file_make(&file, DISK, 1);
	addr = mmap(NULL, page_size(), RW, MAP_PRIVATE, file.fd, 0);
	assert_false(is_shared(addr, 1));
	munmap(addr, page_size());
	file_put(&file);
}

CASE(nothing_there)
{
	char *addr = addresses(2);

	munmap(addr, 2 * page_size());
	assert_false(is_shared(addr, 2));
}

CASE(shared_file_behind_private_memory)
{
	struct file file;
	char *addr;

	file_make(&file, DISK, 1);
	addr = mmap(NULL, 2 * page_size(), RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	file_map(&file, 0, 1, RW, addr + page_size());
	addr[page_size()] = 'f';
	assert_false(is_shared(addr, 1));
	assert_true(is_shared(addr, 2));
	assert_true(vma_probe_is_shared((uintptr_t)addr + page_size() - 1,
					(uintptr_t)addr + page_size() + 1));
	assert_int_equal(addr[page_size()], 'f');
	munmap(addr, 2 * page_size());
	file_put(&file);
}
