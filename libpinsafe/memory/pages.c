// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What /proc/self/pagemap says of pages, to everybody about his own (pagemap.rst
 * of the kernel's documentation); the mappings themselves need not be read.
 *
 * PM_FILE alone would not do: of a file with DAX the kernel does not say it before
 * Linux 6.15, as there is no page that it would look at (mm/memory.c:
 * vm_normal_page).  But then it does not say that the page is mapped only once
 * either; so what has PM_MMAP_EXCLUSIVE and no PM_FILE is anonymous.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/sys.h"
#include "memory/mapping.h"

#define PM_MMAP_EXCLUSIVE (1ull << 56)
#define PM_FILE (1ull << 61)
#define PM_PRESENT (1ull << 63)

/* Entries that are read at once */
#define N_ENTRIES 512
/* Of more than so many bytes a look at the mappings is cheaper. */
#define MAX_LENGTH (64ul << 20)

static bool is_anonymous(uint64_t entry)
{
	return (entry & (PM_PRESENT | PM_MMAP_EXCLUSIVE | PM_FILE)) ==
	       (PM_PRESENT | PM_MMAP_EXCLUSIVE);
}

/* @first and @last are numbers of pages. */
static bool are_anonymous(int fd, uint64_t first, uint64_t last)
{
	uint64_t entries[N_ENTRIES];
	size_t i, n, size;

	for (; first <= last; first += n) {
		n = last - first + 1 < N_ENTRIES ? last - first + 1 : N_ENTRIES;
		size = n * sizeof(entries[0]);
		if (SYS_CALL(pread64, fd, entries, size,
			     first * sizeof(entries[0])) != (long)size)
			return false;
		for (i = 0; i < n; i++)
			if (!is_anonymous(entries[i]))
				return false;
	}
	return true;
}

bool pages_are_anonymous(uintptr_t addr, size_t length)
{
	size_t page_size = sysconf(_SC_PAGESIZE);
	bool are;
	int fd;

	if (!length || length > MAX_LENGTH || addr + length < addr)
		return false;
	fd = sys_open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	are = are_anonymous(fd, addr / page_size,
			    (addr + length - 1) / page_size);
	(void)sys_close(fd);
	return are;
}

/*
 * What ranges were, in the lowest bit, beside a hash of them; what is forgotten
 * or mistaken costs time only.
 */
#define N_NOTED 1024
static _Atomic uint64_t noted[N_NOTED];

static uint64_t hash(uintptr_t addr, size_t length)
{
	return hash_number(addr ^ (uint64_t)length << 40 ^ length);
}

bool pages_recall(uintptr_t addr, size_t length, bool *ret_are_anonymous)
{
	uint64_t h = hash(addr, length);
	uint64_t note =
		atomic_load_explicit(&noted[h >> 54], memory_order_relaxed);

	*ret_are_anonymous = note & 1;
	return !((note ^ h) >> 1);
}

void pages_note(uintptr_t addr, size_t length, bool are_anonymous)
{
	uint64_t h = hash(addr, length);

	atomic_store_explicit(&noted[h >> 54], (h & ~1ull) | are_anonymous,
			      memory_order_relaxed);
}
