// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Memory that is registered again is taken for what it was, without a look at the
 * file, as long as the lease is held and its blocks are known; and nothing that is
 * there by now goes unseen.
 *
 * The file cannot be looked at (NO_LOOK) where it must not be.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/lock.h"
#include "lease.h"
#include "lib/stack_api.h"
#include "track.h"

#define RW (PROT_READ | PROT_WRITE)
#define NO_LOOK(call)                   \
	do {                            \
		fake_statx_errno = EIO; \
		call;                   \
		fake_statx_errno = 0;   \
	} while (0)

static int teardown(void **state)
{
	fake_statx_errno = 0;
	return stack_teardown_leased(state);
}

/*
 * What is noted of a registration is noted while it holds the lease: a break that
 * comes as soon as it is tracked may end that.
 */
static bool was_tracked, was_noted_late;

int __real_track_add(struct guarded_mr *gmr);
int __wrap_track_add(struct guarded_mr *gmr);
void __real_lease_note_blocks(struct lease *lease, uint64_t from, uint64_t to);
void __wrap_lease_note_blocks(struct lease *lease, uint64_t from, uint64_t to);
void __real_ps_lock(struct ps_mutex *m);
void __wrap_ps_lock(struct ps_mutex *m);

int __wrap_track_add(struct guarded_mr *gmr)
{
	was_tracked = true;
	return __real_track_add(gmr);
}

void __wrap_lease_note_blocks(struct lease *lease, uint64_t from, uint64_t to)
{
	was_noted_late |= was_tracked;
	__real_lease_note_blocks(lease, from, to);
}

/* Else a handler of the program may come to wait for its own thread. */
void __wrap_ps_lock(struct ps_mutex *m)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (m == &table_lock)
		assert_true(sigismember(&blocked, SIGTERM));
	__real_ps_lock(m);
}

#define RECALL_CASE(fn) CASE_WITH(fn, stack_setup_leased, teardown)

static bool is_recalled(void)
{
	struct ibv_mr *mr = NULL;

	NO_LOOK(mr = stack_reg(&stack_device, 0, STACK_PAGES));
	if (mr)
		stack_dereg_ok(mr);
	record_clear();
	return mr;
}

RECALL_CASE(again__recalled)
{
	assert_true(is_recalled());
	assert_true(is_recalled());
}

RECALL_CASE(recalled__noted_before_it_is_tracked)
{
	was_tracked = was_noted_late = false;
	assert_true(is_recalled());
	assert_true(was_tracked);
	assert_false(was_noted_late);
}

RECALL_CASE(first_pages_of_it__recalled)
{
	struct ibv_mr *mr;

	NO_LOOK(mr = stack_reg(&stack_device, 0, 1));
	stack_dereg_ok(mr);
}

RECALL_CASE(more_than_it_was__looked_at)
{
	NO_LOOK(assert_null(stack_reg(&stack_device, 0, STACK_PAGES + 1)));
}

RECALL_CASE(recalled__revoked_in_a_break)
{
	struct ibv_mr *mr;

	NO_LOOK(mr = stack_reg_file(STACK_A));
	stack_break(STACK_A);
	assert_int_equal(stack_stats().revoked_mrs, 2);
	stack_dereg_ok(mr);
}

RECALL_CASE(lease_was_broken__looked_at)
{
	stack_break(STACK_A);
	assert_false(is_recalled());
}

RECALL_CASE(lease_was_given_back__looked_at)
{
	stack_end_first();
	assert_false(is_recalled());
}

/* The lease is another one, and knows less blocks. */
RECALL_CASE(lease_of_less__populated)
{
	struct ibv_mr *mr;

	stack_end_first();
	mr = stack_reg(&stack_device, 1, 1);
	assert_int_equal(fallocate(STACK_A->fd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   2 * page_size(), page_size()),
			 0);
	assert_true(is_recalled());
	assert_true(file_has_data(STACK_A, 2));
	stack_dereg_ok(mr);
}

/* Other memory of the same mapping, which was never registered */
RECALL_CASE(rest_of_the_mapping__recalled)
{
	struct ibv_mr *mr;

	stack_dereg_ok(stack_first);
	stack_first = stack_reg(&stack_device, 0, 1);
	NO_LOOK(mr = stack_reg(&stack_device, 2, 2));
	stack_break(STACK_A);
	assert_int_equal(stack_stats().revoked_mrs, 2);
	stack_dereg_ok(mr);
}

RECALL_CASE(rest_of_the_mapping_is_of_another_file__seen)
{
	struct ibv_mr *mr;

	file_map(STACK_B, 2, 2, RW, stack_addr + 2 * page_size());
	mr = stack_reg(&stack_device, 2, 1);
	assert_true(fake_lease_exists(STACK_B));
	stack_break(STACK_B);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

/* What is populated on the way to that does not count for the lease's file. */
RECALL_CASE(rest_is_of_another_file__its_blocks_are_not_known)
{
	struct ibv_mr *mr;

	stack_dereg_ok(stack_first);
	stack_first = stack_reg(&stack_device, 0, 1);
	file_map(STACK_B, 1, 1, RW, stack_addr + page_size());
	mr = stack_reg(&stack_device, 1, 1);
	stack_dereg_ok(mr);
	file_map(STACK_A, 1, 1, RW, stack_addr + page_size());
	assert_int_equal(fallocate(STACK_A->fd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   page_size(), page_size()),
			 0);
	mr = stack_reg(&stack_device, 1, 1);
	assert_true(file_has_data(STACK_A, 1));
	stack_dereg_ok(mr);
}

RECALL_CASE(wishes_of_the_program__looked_at)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);

	attr.comp_mask = PINSAFE_REG_GRACE;
	NO_LOOK(assert_int_not_equal(stack_reg_refused(&attr), 0));
}

RECALL_CASE(only_read_by_the_device__looked_at)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);

	attr.access = IBV_ACCESS_REMOTE_READ;
	NO_LOOK(assert_int_not_equal(stack_reg_refused(&attr), 0));
}

/* From here on: something else is there by now */

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

static void is_guarded_by(const struct file *file)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_true(fake_lease_exists(file));
	stack_break(file);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

RECALL_CASE(other_file__that_is_guarded)
{
	file_map(STACK_B, 0, STACK_PAGES, RW, stack_addr);
	is_guarded_by(STACK_B);
}

RECALL_CASE(other_file__seen)
{
	file_map(STACK_B, 0, STACK_PAGES, RW, stack_addr);
	seen_and_registered(RECALLED TAKEN ANEW);
	/* It is not taken for the old one a second time. */
	seen_and_registered(TAKEN ANEW);
}

RECALL_CASE(other_file_in_its_middle__guarded_too)
{
	file_map(STACK_B, 2, 1, RW, stack_addr + 2 * page_size());
	is_guarded_by(STACK_B);
}

RECALL_CASE(other_part_of_the_file__seen)
{
	file_map(STACK_A, 1, STACK_PAGES - 1, RW, stack_addr);
	seen_and_registered(RECALLED ANEW);
}

RECALL_CASE(read_only__seen)
{
	file_map(STACK_A, 0, STACK_PAGES, PROT_READ, stack_addr);
	seen_and_registered(RECALLED ANEW);
}

RECALL_CASE(renamed__seen)
{
	char path[sizeof(STACK_A->path) + 8];

	snprintf(path, sizeof(path), "%s-other", STACK_A->path);
	assert_int_equal(rename(STACK_A->path, path), 0);
	seen_and_registered(RECALLED ANEW);
	assert_int_equal(rename(path, STACK_A->path), 0);
}

RECALL_CASE(memory_of_no_file__without_a_guard)
{
	struct ibv_mr *mr;

	assert_ptr_equal(mmap(stack_addr, STACK_PAGES * page_size(), RW,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 stack_addr);
	mr = stack_reg_file(STACK_A);
	assert_int_equal(stack_stats().guarded_mrs, 1);
	stack_dereg_ok(mr);
}

static int put_back(struct ibv_mr *mr)
{
	file_map(STACK_A, 0, STACK_PAGES, RW, stack_addr);
	fake_provider.cmd_reg_mr = fake_cmd_reg_mr;
	return fake_cmd_reg_mr(mr);
}

RECALL_CASE(other_file_when_it_is_pinned__seen)
{
	file_map(STACK_B, 0, STACK_PAGES, RW, stack_addr);
	fake_provider.cmd_reg_mr = put_back;
	seen_and_registered(RECALLED ANEW);
}

static int replace(struct ibv_mr *mr)
{
	file_map(STACK_B, 0, STACK_PAGES, RW, stack_addr);
	fake_provider.cmd_reg_mr = fake_cmd_reg_mr;
	return fake_cmd_reg_mr(mr);
}

RECALL_CASE(other_file_once_it_is_pinned__that_is_guarded)
{
	fake_provider.cmd_reg_mr = replace;
	is_guarded_by(STACK_B);
}

/* Not in the name of what was recalled */
RECALL_CASE(refused_by_the_provider__refused_once)
{
	fake_provider.reg_mr = ALWAYS(ENOMEM);
	assert_null(stack_reg(&stack_device, 0, STACK_PAGES));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(stack_stats().refusals, 1);
	fake_provider.reg_mr = NEVER;
}
