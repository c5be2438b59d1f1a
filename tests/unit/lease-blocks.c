// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Blocks that a file has under its lease are not allocated again for each memory
 * region; with the break that is forgotten.  A hole of which nobody was told shows
 * whether there was a prefault: it is one still, as the fake device faults nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lease.h"
#include "lib/stack_api.h"

static void punch(size_t page)
{
	assert_int_equal(fallocate(STACK_A->fd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   page * page_size(), page_size()),
			 0);
	assert_false(file_has_data(STACK_A, page));
}

#define BLOCKS_CASE(fn) \
	CASE_WITH(fn, stack_setup_leased, stack_teardown_leased)

static void register_and_look(bool is_populated)
{
	struct ibv_mr *mr;

	punch(1);
	mr = stack_reg_file(STACK_A);
	assert_int_equal(file_has_data(STACK_A, 1), is_populated);
	stack_dereg_ok(mr);
}

BLOCKS_CASE(held__not_again)
{
	register_and_look(false);
	/* A deregistration makes dirty what the device may have written. */
	assert_true(file_has_data(STACK_A, 1));
	register_and_look(false);
}

BLOCKS_CASE(broken__again)
{
	stack_break(STACK_A);
	register_and_look(true);
}

BLOCKS_CASE(given_back__again)
{
	stack_end_first();
	register_and_look(true);
}

BLOCKS_CASE(kernel_finds_none__again_and_it_succeeds)
{
	fake_provider.reg_mr = ONCE(EFAULT);
	register_and_look(true);
}

BLOCKS_CASE(kernel_refuses_all__again_and_refused)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);

	punch(1);
	fake_provider.reg_mr = ALWAYS(ENOMEM);
	assert_int_equal(stack_reg_refused(&attr), ENOMEM);
	assert_true(file_has_data(STACK_A, 1));
	fake_provider.reg_mr = NEVER;
}

BLOCKS_CASE(other_part__populated)
{
	struct ibv_mr *small, *more;

	stack_end_first();
	punch(0);
	punch(1);
	small = stack_reg(&stack_device, 0, 1);
	assert_false(file_has_data(STACK_A, 1));
	more = stack_reg(&stack_device, 0, 2);
	assert_true(file_has_data(STACK_A, 1));
	stack_dereg_ok(small);
	stack_dereg_ok(more);
}

/* Nothing would fault in what is read only: of a hole the zero page is pinned. */
BLOCKS_CASE(only_read_by_the_device__again)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);
	struct ibv_mr *mr;

	punch(1);
	attr.access = IBV_ACCESS_REMOTE_READ;
	mr = stack_reg_attr(&attr);
	assert_true(file_has_data(STACK_A, 1));
	stack_dereg_ok(mr);
}

static struct lease lease;

static bool has(uint64_t from, uint64_t to)
{
	return lease_has_blocks(&lease, from, to);
}

CASE(pieces__joined_or_the_larger)
{
	memset(&lease, 0, sizeof(lease));
	assert_false(has(0, 1));
	lease_note_blocks(&lease, 100, 200);
	assert_true(has(100, 200));
	assert_false(has(99, 200));
	assert_false(has(100, 201));
	lease_note_blocks(&lease, 200, 300);
	lease_note_blocks(&lease, 50, 100);
	assert_true(has(50, 300));
	lease_note_blocks(&lease, 400, 500);
	assert_false(has(400, 500));
	assert_true(has(50, 300));
	lease_note_blocks(&lease, 400, 1000);
	assert_true(has(400, 1000));
	assert_false(has(50, 300));
}

CASE(noted_during_a_break__forgotten)
{
	memset(&lease, 0, sizeof(lease));
	(void)PS_LOCKED(&table_lock, lease.state = LEASE_BREAKING);
	lease_note_blocks(&lease, 0, 100);
	assert_false(has(0, 100));
	(void)PS_LOCKED(&table_lock, lease.state = LEASE_HELD);
	assert_false(has(0, 100));
}
