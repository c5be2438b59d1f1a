// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What is said of mappings that come and go, and that it is said in order */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/record.h"
#include "lib/test.h"
#include "preload/preload_next.h"
#include "preload/private.h"

#define BASE 0x7000000000
#define AT(offset) ((void *)(uintptr_t)(BASE + (offset)))

/* What preload_map.c asks of others */

atomic_bool pinsafe_private_is_watching;
static uint64_t next_ticket;

uint64_t pinsafe_private_unmapping(const void *addr, size_t length)
{
	record("unmapping %lx+%lx", (unsigned long)((uintptr_t)addr - BASE),
	       (unsigned long)length);
	return next_ticket ? next_ticket++ : 0;
}

void pinsafe_private_unmapped(const void *addr, size_t length, uint64_t ticket)
{
	record("unmapped %lx+%lx of %d",
	       (unsigned long)((uintptr_t)addr - BASE), (unsigned long)length,
	       (int)ticket);
}

void pinsafe_private_remapped(const struct watch_move *move)
{
	record("remapped %lx+%lx to %lx+%lx of %d%s",
	       (unsigned long)(move->start - BASE),
	       (unsigned long)(move->end - move->start),
	       (unsigned long)(move->new_start - BASE),
	       (unsigned long)(move->new_end - move->new_start),
	       (int)move->ticket, move->stays ? ", stays" : "");
}

void pinsafe_private_mapped(void *addr, size_t length, int fd)
{
	record("mapped %lx+%lx", (unsigned long)((uintptr_t)addr - BASE),
	       (unsigned long)length);
}

static void *result;

static void *next_mmap(void *addr, size_t length, int prot, int flags, int fd,
		       off_t offset)
{
	record("mmap");
	return result;
}

static int next_munmap(void *addr, size_t length)
{
	record("munmap");
	return result == MAP_FAILED ? -1 : 0;
}

static void *next_mremap(void *old, size_t old_size, size_t new_size, int flags,
			 void *new_addr)
{
	record("mremap");
	return result;
}

struct preload_next preload_next = {
	.mmap = next_mmap,
	.munmap = next_munmap,
	.mremap = next_mremap,
};

static int setup(void **state)
{
	pinsafe_private_is_watching = true;
	next_ticket = 5;
	result = AT(0);
	record_clear();
	return 0;
}

#define MAPPING_CASE(fn) CASE_WITH(fn, setup, NULL)

static void map_fixed(int flags, int fd)
{
	(void)front_mmap(AT(0), 0x3000, PROT_READ, flags | MAP_FIXED, fd, 0);
}

MAPPING_CASE(unmap__afterwards)
{
	assert_int_equal(front_munmap(AT(0), 0x3000), 0);
	assert_record("unmapping 0+3000, munmap, unmapped 0+3000 of 5");
}

MAPPING_CASE(unmap_fails__only_what_comes_before)
{
	result = MAP_FAILED;
	assert_int_equal(front_munmap(AT(0), 0x3000), -1);
	assert_record("unmapping 0+3000, munmap");
}

MAPPING_CASE(unmap_of_no_interest__nothing_afterwards)
{
	next_ticket = 0;
	assert_int_equal(front_munmap(AT(0), 0x3000), 0);
	assert_record("unmapping 0+3000, munmap");
	map_fixed(MAP_SHARED, 7);
	assert_record("unmapping 0+3000, mmap, mapped 0+3000");
	assert_ptr_equal(front_mremap(AT(0), 0x3000, 0x1000, 0), AT(0));
	assert_record("unmapping 0+3000, mremap");
}

MAPPING_CASE(nothing_watched__nobody_is_asked)
{
	pinsafe_private_is_watching = false;
	assert_int_equal(front_munmap(AT(0), 0x3000), 0);
	assert_record("munmap");
	map_fixed(MAP_SHARED, 7);
	assert_record("mmap, mapped 0+3000");
	(void)front_mremap(AT(0), 0x3000, 0x3000, MREMAP_MAYMOVE | MREMAP_FIXED,
			   AT(0x10000));
	assert_record("mremap");
}

MAPPING_CASE(map_over__old_one_before_the_new)
{
	map_fixed(MAP_SHARED, 7);
	assert_record("unmapping 0+3000, mmap, unmapped 0+3000 of 5, "
		      "mapped 0+3000");
	map_fixed(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	assert_record("unmapping 0+3000, mmap, unmapped 0+3000 of 6");
}

MAPPING_CASE(map_over_fails__only_what_comes_before)
{
	result = MAP_FAILED;
	map_fixed(MAP_SHARED, 7);
	assert_record("unmapping 0+3000, mmap");
}

MAPPING_CASE(map_elsewhere__nothing_is_unmapped)
{
	(void)front_mmap(AT(0), 0x3000, PROT_READ, MAP_SHARED, 7, 0);
	assert_record("mmap, mapped 0+3000");
}

MAPPING_CASE(remap_in_place__afterwards)
{
	assert_ptr_equal(front_mremap(AT(0), 0x3000, 0x5000, MREMAP_MAYMOVE),
			 AT(0));
	assert_record("unmapping 0+3000, mremap, "
		      "remapped 0+3000 to 0+5000 of 5");
}

MAPPING_CASE(remap_moves__where_the_kernel_says)
{
	result = AT(0x10000);
	assert_ptr_equal(front_mremap(AT(0), 0x3000, 0x5000, MREMAP_MAYMOVE),
			 AT(0x10000));
	assert_record("unmapping 0+3000, mremap, "
		      "remapped 0+3000 to 10000+5000 of 5");
}

MAPPING_CASE(remap_fails__only_what_comes_before)
{
	result = MAP_FAILED;
	assert_ptr_equal(front_mremap(AT(0), 0x3000, 0x5000,
				      MREMAP_MAYMOVE | MREMAP_FIXED,
				      AT(0x10000)),
			 MAP_FAILED);
	assert_record("unmapping 10000+5000, unmapping 0+3000, mremap");
}

/* Of both, the latest */
MAPPING_CASE(remap_over__both_are_unmapped)
{
	result = AT(0x10000);
	(void)front_mremap(AT(0), 0x3000, 0x5000, MREMAP_MAYMOVE | MREMAP_FIXED,
			   AT(0x10000));
	assert_record("unmapping 10000+5000, unmapping 0+3000, mremap, "
		      "remapped 0+3000 to 10000+5000 of 6");
}

MAPPING_CASE(remap_to_another__old_one_stays)
{
	result = AT(0x10000);
	(void)front_mremap(AT(0), 0, 0x5000, MREMAP_MAYMOVE);
	assert_record("unmapping 0+0, mremap, "
		      "remapped 0+0 to 10000+5000 of 5, stays");
	(void)front_mremap(AT(0), 0x3000, 0x3000,
			   MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	assert_record("unmapping 0+3000, mremap, "
		      "remapped 0+3000 to 10000+3000 of 6, stays");
}
