// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The second mapping that memory is pinned from: of what was classified, whatever
 * another thread maps at the program's address meanwhile, or it is seen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "keeper.h"
#include "lib/files.h"
#include "lib/test.h"
#include "registration.h"

#define PAGES 4
#define RW (PROT_READ | PROT_WRITE)
#define HUGE_SIZE (2ul << 20)

static struct file file, other;
static char *addr;
static struct ibv_device device = { .transport_type = IBV_TRANSPORT_IB };
static struct ibv_context context = { .device = &device };
static struct ibv_pd pd = { .context = &context };
static struct mapping_part parts[2];
static struct registration reg;
static bool is_replaced, is_text;

bool __wrap_vma_is_text(void);
bool __wrap_vma_is_text(void)
{
	return is_text;
}

int keeper_call_if_full(int (*fn)(void *arg), void *arg)
{
	return fn(arg);
}

bool guard_is_replaced(struct registration *asked)
{
	return is_replaced;
}

static void mark(const struct file *marked, size_t pages, char with)
{
	char *there = file_map(marked, 0, pages, RW, NULL);

	memset(there, with, pages * page_size());
	munmap(there, pages * page_size());
}

/* As it would be classified: all of file, mapped at addr */
static int setup(void **state)
{
	file_make(&file, DISK, PAGES);
	file_make(&other, DISK, PAGES);
	mark(&file, PAGES, 'f');
	mark(&other, PAGES, 'o');
	addr = file_map(&file, 0, PAGES, RW, NULL);
	device.transport_type = IBV_TRANSPORT_IB;
	is_replaced = false;
	parts[0] = (struct mapping_part){
		.start = (uintptr_t)addr,
		.end = (uintptr_t)addr + PAGES * page_size(),
		.readable = true,
		.writable = true,
		.file = { .dev = file.dev,
			  .map_dev = file.dev,
			  .ino = file.ino,
			  .path = file.path },
	};
	reg = (struct registration){
		.pd = &pd,
		.addr = addr,
		.length = PAGES * page_size(),
		.mapping = { .n_parts = 1, .parts = parts },
	};
	return 0;
}

static int teardown(void **state)
{
	munmap(addr, PAGES * page_size());
	file_put(&file);
	file_put(&other);
	return 0;
}

#define ALIAS_CASE(fn) CASE_WITH(fn, setup, teardown)

static void replace_by(const struct file *by, size_t first, int prot)
{
	assert_ptr_equal(file_map(by, first, PAGES - first, prot, addr), addr);
}

static char *alias_that_looks(struct guard_alias *alias, int as)
{
	assert_int_equal(guard_alias_make(&reg, alias), 0);
	assert_ptr_not_equal(alias->addr, reg.addr);
	assert_int_equal(guard_alias_look(&reg, alias), as);
	return alias->addr;
}

static char *alias_of(struct guard_alias *alias)
{
	return alias_that_looks(alias, 0);
}

static void no_alias(void)
{
	struct guard_alias alias;

	assert_int_equal(guard_alias_make(&reg, &alias), 0);
	assert_ptr_equal(alias.addr, reg.addr);
	assert_int_equal(guard_alias_look(&reg, &alias), ESTALE);
	guard_alias_drop(&alias);
}

static void replaced(void)
{
	struct guard_alias alias;

	(void)alias_that_looks(&alias, EAGAIN);
	guard_alias_drop(&alias);
}

static bool is_mapped(const void *at)
{
	return !msync((void *)((uintptr_t)at & ~(page_size() - 1)), 1,
		      MS_ASYNC);
}

ALIAS_CASE(made__same_memory_until_dropped)
{
	struct guard_alias alias;
	char *there = alias_of(&alias);

	there[5] = 'd';
	assert_int_equal(addr[5], 'd');
	guard_alias_drop(&alias);
	assert_false(is_mapped(there));
	assert_true(is_mapped(addr));
}

/* The moment of the pin */
ALIAS_CASE(replaced_once_it_is_made__still_of_the_file)
{
	struct guard_alias alias;
	char *there = alias_of(&alias);

	replace_by(&other, 0, RW);
	assert_int_equal(addr[0], 'o');
	assert_int_equal(there[0], 'f');
	assert_int_equal(guard_alias_look(&reg, &alias), ESTALE);
	guard_alias_drop(&alias);
}

/* It is what the program had when it was made; of more pages that is not sure. */
ALIAS_CASE(one_page_replaced_once_it_is_made__sound)
{
	struct guard_alias alias;

	reg.length = page_size();
	parts[0].end = (uintptr_t)addr + page_size();
	(void)alias_of(&alias);
	replace_by(&other, 0, RW);
	assert_int_equal(guard_alias_look(&reg, &alias), 0);
	alias.was_kept = true;
	assert_int_equal(guard_alias_look(&reg, &alias), ESTALE);
	guard_alias_drop(&alias);
}

/* Before all that is there, as far as the kernel likes it */
ALIAS_CASE(mappings_are_read_as_text__below_the_program)
{
	struct guard_alias alias;

	is_text = true;
	assert_true((uintptr_t)alias_of(&alias) < getauxval(AT_PHDR));
	guard_alias_drop(&alias);
	is_text = false;
}

/* Before, and back at the moment of the look */
ALIAS_CASE(replaced_when_it_is_made__EAGAIN)
{
	struct guard_alias alias;

	replace_by(&other, 0, RW);
	assert_int_equal(guard_alias_make(&reg, &alias), 0);
	replace_by(&file, 0, RW);
	assert_int_equal(guard_alias_look(&reg, &alias), EAGAIN);
	guard_alias_drop(&alias);
}

/* Files of several subvolumes may have that device and inode. */
ALIAS_CASE(device_of_many_files__not_sure)
{
	struct guard_alias alias;

	parts[0].file.dev++;
	(void)alias_that_looks(&alias, ESTALE);
	guard_alias_drop(&alias);
}

ALIAS_CASE(renamed__matters_if_it_is_recalled)
{
	struct guard_alias alias;

	parts[0].file.path = "/renamed";
	(void)alias_of(&alias);
	reg.recalled = (struct lease *)1;
	assert_int_equal(guard_alias_look(&reg, &alias), ESTALE);
	guard_alias_drop(&alias);
}

ALIAS_CASE(none_of_what_is_recalled__EAGAIN)
{
	reg.recalled = (struct lease *)1;
	device.transport_type = IBV_TRANSPORT_IWARP;
	assert_int_equal(guard_alias_make(&reg, &(struct guard_alias){ 0 }),
			 EAGAIN);
}

ALIAS_CASE(other_file_by_then__EAGAIN)
{
	replace_by(&other, 0, RW);
	replaced();
}

ALIAS_CASE(other_offset_by_then__EAGAIN)
{
	replace_by(&file, 1, RW);
	replaced();
}

ALIAS_CASE(read_only_by_then__EAGAIN)
{
	replace_by(&file, 0, PROT_READ);
	replaced();
}

/* Only its middle, where the mapping at the start does not tell */
ALIAS_CASE(part_of_it_by_then__EAGAIN)
{
	parts[0].end = (uintptr_t)addr + page_size();
	parts[1] = parts[0];
	parts[1].start = parts[0].end;
	parts[1].offset = page_size();
	parts[1].end = (uintptr_t)addr + PAGES * page_size();
	reg.mapping.n_parts = 2;
	file_map(&other, 1, 1, RW, addr + page_size());
	replaced();
}

ALIAS_CASE(private_by_then__EAGAIN_or_none)
{
	mmap(addr, PAGES * page_size(), RW,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	no_alias();
	is_replaced = true;
	assert_int_equal(guard_alias_make(&reg, &(struct guard_alias){ 0 }),
			 EAGAIN);
}

/* Neither end at the end of a page */
ALIAS_CASE(odd_range__same_bytes)
{
	struct guard_alias alias;
	char *there;

	reg.addr = addr + page_size() + 123;
	reg.length = page_size();
	parts[0].start = (uintptr_t)reg.addr;
	parts[0].offset = page_size() + 123;
	parts[0].end = (uintptr_t)reg.addr + reg.length;
	there = alias_of(&alias);
	assert_int_equal((uintptr_t)there % page_size(), 123);
	addr[page_size() + 123] = 'x';
	addr[2 * page_size() + 122] = 'y';
	assert_int_equal(there[0], 'x');
	assert_int_equal(there[page_size() - 1], 'y');
	guard_alias_drop(&alias);
}

ALIAS_CASE(two_files__side_by_side)
{
	struct guard_alias alias;
	char *there;

	file_map(&other, 2, 2, RW, addr + 2 * page_size());
	parts[0].end = (uintptr_t)addr + 2 * page_size();
	parts[1] = (struct mapping_part){
		.start = parts[0].end,
		.end = (uintptr_t)addr + PAGES * page_size(),
		.offset = 2 * page_size(),
		.writable = true,
		.file = { .dev = other.dev,
			  .map_dev = other.dev,
			  .ino = other.ino,
			  .path = other.path },
	};
	reg.mapping.n_parts = 2;
	there = alias_of(&alias);
	assert_int_equal(there[2 * page_size() - 1], 'f');
	assert_int_equal(there[2 * page_size()], 'o');
	guard_alias_drop(&alias);
}

/* Else huge pages could not be mapped as such. */
ALIAS_CASE(large__as_aligned_as_the_program_has_it)
{
	size_t pages = 2 * HUGE_SIZE / page_size();
	struct guard_alias alias;
	struct file large;
	char *there;

	file_make(&large, DISK, pages);
	reg.addr = file_map(&large, 0, pages, RW, NULL);
	reg.length = pages * page_size();
	parts[0].start = (uintptr_t)reg.addr;
	parts[0].end = (uintptr_t)reg.addr + reg.length;
	parts[0].file.ino = large.ino;
	there = alias_of(&alias);
	assert_int_equal((uintptr_t)there % HUGE_SIZE,
			 (uintptr_t)reg.addr % HUGE_SIZE);
	guard_alias_drop(&alias);
	munmap(reg.addr, reg.length);
	file_put(&large);
}

ALIAS_CASE(private_memory_in_it__none)
{
	reg.length += 1;
	no_alias();
}

ALIAS_CASE(on_demand__none)
{
	reg.is_on_demand = true;
	no_alias();
}

/* siw takes the address of the memory for that of the memory region. */
ALIAS_CASE(iwarp__none)
{
	device.transport_type = IBV_TRANSPORT_IWARP;
	no_alias();
}
