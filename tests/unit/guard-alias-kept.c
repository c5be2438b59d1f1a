// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The mapping through which memory is pinned that is registered again and again: kept
 * as long as the lease, and what is there is never believed.
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include "registration.h"
#include "lib/stack_api.h"
#include "memory/vma.h"

#define RW (PROT_READ | PROT_WRITE)

#define KEPT_CASE(fn) \
	CASE_WITH(fn, stack_setup_leased, stack_teardown_leased)

static void register_again(void)
{
	stack_dereg_ok(stack_reg_file(STACK_A));
	record_clear();
}

static size_t n_mappings_of(const struct file *file)
{
	struct vma_reader reader;
	uintptr_t addr = 0;
	struct vma vma;
	size_t n = 0;

	assert_int_equal(vma_open(&reader), 0);
	for (; !vma_next(&reader, addr, &vma); addr = vma.end)
		n += vma.ino == file->ino && vma.dev == file->dev;
	vma_close(&reader);
	return n;
}

/* That of @file which is not the program's */
static uintptr_t alias_of(const struct file *file)
{
	struct vma_reader reader;
	uintptr_t addr = 0, at = 0;
	struct vma vma;

	assert_int_equal(vma_open(&reader), 0);
	for (; !vma_next(&reader, addr, &vma); addr = vma.end)
		if (vma.ino == file->ino && vma.dev == file->dev &&
		    vma.start != (uintptr_t)stack_addr)
			at = vma.start;
	vma_close(&reader);
	return at;
}

#define RECALLED "reg_mr, dereg_mr, destroy 1, "
#define TAKEN "signal b, owner b, lease b, "
#define ANEW "reg_mr"

static void seen_and_registered(const char *text)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_record(text);
	stack_dereg_ok(mr);
	record_clear();
}

KEPT_CASE(alias__kept_and_used_again)
{
	uintptr_t alias;

	assert_int_equal(n_mappings_of(STACK_A), 1);
	register_again();
	assert_int_equal(n_mappings_of(STACK_A), 2);
	alias = alias_of(STACK_A);
	register_again();
	assert_int_equal(n_mappings_of(STACK_A), 2);
	assert_int_equal(alias_of(STACK_A), alias);
}

KEPT_CASE(alias__goes_with_the_lease)
{
	register_again();
	stack_end_first();
	assert_int_equal(n_mappings_of(STACK_A), 1);
}

static bool is_alone(void *arg)
{
	return n_mappings_of(STACK_A) == 1;
}

KEPT_CASE(alias__goes_in_a_break)
{
	register_again();
	stack_break(STACK_A);
	assert_true(wait_until(is_alone, NULL));
}

/* The program may do so without a thought of us. */
KEPT_CASE(alias_was_unmapped__what_is_there_now_stays)
{
	size_t size = STACK_PAGES * page_size();
	char *there;

	register_again();
	there = (char *)alias_of(STACK_A);
	assert_ptr_equal(mmap(there, size, RW, MAP_PRIVATE | MAP_ANONYMOUS |
			      MAP_FIXED, -1, 0), there);
	there[0] = 'x';
	/* It is seen that this is not the file. */
	seen_and_registered(RECALLED ANEW);
	stack_end_first();
	assert_int_equal(there[0], 'x');
	munmap(there, size);
}

KEPT_CASE(alias_was_unmapped_other_file_there__stays)
{
	char *there;

	register_again();
	there = (char *)alias_of(STACK_A);
	file_map(STACK_B, 0, STACK_PAGES, RW, there);
	there[0] = 'x';
	stack_end_first();
	assert_int_equal(there[0], 'x');
	munmap(there, STACK_PAGES * page_size());
}

/* The device would write to the file that was there. */
KEPT_CASE(alias_is_there_but_other_file_is_mapped__seen)
{
	register_again();
	file_map(STACK_B, 0, STACK_PAGES, RW, stack_addr);
	seen_and_registered(RECALLED TAKEN ANEW);
	assert_int_equal(n_mappings_of(STACK_A), 0);
}

KEPT_CASE(process_with_few_addresses__not_kept)
{
	struct rlimit limit, some;

	assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
	some = limit;
	some.rlim_cur = 1ull << 62;
	assert_int_equal(setrlimit(RLIMIT_AS, &some), 0);
	register_again();
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	assert_int_equal(n_mappings_of(STACK_A), 1);
}

/* Several, in any places */
KEPT_CASE(many_aliass__all_go_with_the_lease)
{
	size_t i;

	for (i = 0; i < STACK_PAGES; i++) {
		stack_dereg_ok(stack_reg(&stack_device, i, 1));
		stack_dereg_ok(stack_reg(&stack_device, i, 1));
	}
	assert_true(n_mappings_of(STACK_A) > 1);
	stack_end_first();
	assert_int_equal(n_mappings_of(STACK_A), 1);
}

/* A child does not have them: what is there in it is its own. */
KEPT_CASE(forgotten__nothing_of_it_is_unmapped_or_used)
{
	uintptr_t alias;

	register_again();
	alias = alias_of(STACK_A);
	guard_alias_kept_forget();
	register_again();
	assert_int_equal(n_mappings_of(STACK_A), 3);
	stack_end_first();
	assert_int_equal(n_mappings_of(STACK_A), 2);
	assert_int_equal(alias_of(STACK_A), alias);
	munmap((void *)alias, STACK_PAGES * page_size());
}
