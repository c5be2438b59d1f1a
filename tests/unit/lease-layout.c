// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Layout leases of files with a page cache, with a module that has them: on a
 * description of our own, whoever has the file open; an ordinary lease where the
 * kernel says no.  With the argument "write" under page_cache_write=yes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys.h"
#include "lib/stack_api.h"
#include "verbs_wrap.h"

#define MODULE "/sys/module/layout_lease/"
#define ARMED "signal a, owner a, "
#define TAKEN ARMED "lease a, "
#define KEPT ARMED "kept lease a, "

static int setup(void **state)
{
	stack_setup(state);
	fake_statx_is_dax = false;
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	fake_fcntl.layout_write_errno = EOPNOTSUPP;
	fake_open_file(MODULE "version", "1.1\n");
	fake_open_file(MODULE "parameters/state", "ok\n");
	fake_open_file(MODULE "parameters/file_systems", "ext4 tmpfs\n");
	fake_open_file(MODULE "parameters/page_cache_write", "yes\n");
	return 0;
}

#define LAYOUT_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

static struct ibv_mr *reg_for_reading(void)
{
	return verbs_wrap_ops.reg_mr(&stack_device.pd, stack_addr, page_size(),
				     (uintptr_t)stack_addr, 0);
}

LAYOUT_CASE(taken__on_a_description_of_ours)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_record(TAKEN "reg_mr");
	assert_int_equal(stack_stats().registered_layout, 1);
	assert_int_equal(stack_stats().registered_lease, 0);
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock a");
}

LAYOUT_CASE(broken__revoked_then_released)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
	assert_null(strstr(stack_log(), "guards against other processes only"));
}

LAYOUT_CASE(open_elsewhere__taken)
{
	fake_fcntl.n_readers = fake_fcntl.n_writers = 1;
	stack_dereg_ok(stack_reg_file(STACK_A));
}

LAYOUT_CASE(descriptor_closed__taken)
{
	file_close(STACK_A);
	stack_dereg_ok(stack_reg_file(STACK_A));
}

LAYOUT_CASE(direct_io__taken)
{
	assert_int_equal(fcntl(STACK_A->fd, F_SETFL, O_DIRECT), 0);
	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_int_equal(fcntl(STACK_A->fd, F_SETFL, 0), 0);
}

/* To open the file would break it. */
LAYOUT_CASE(lease_of_the_program__EBUSY_and_untouched)
{
	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETLEASE, F_WRLCK), 0);
	record_clear();
	stack_reg_fails(EBUSY);
	assert_record("");
	assert_int_equal(sys_fcntl(STACK_A->fd, F_GETLEASE, 0), F_WRLCK);
	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETLEASE, F_UNLCK), 0);
}

static void kernel_says_no(int error)
{
	struct ibv_mr *mr;

	fake_fcntl.layout_errno = error;
	mr = stack_reg_file(STACK_A);
	assert_record(ARMED ARMED "write lease a, reg_mr");
	assert_int_equal(stack_stats().registered_layout, 0);
	assert_int_equal(stack_stats().registered_lease, 1);
	stack_dereg_ok(mr);
}

LAYOUT_CASE(not_on_this_file__ordinary)
{
	kernel_says_no(EOPNOTSUPP);
}

LAYOUT_CASE(unknown_to_the_kernel__ordinary)
{
	kernel_says_no(EINVAL);
}

LAYOUT_CASE(other_file_system__ordinary)
{
	fake_fstatfs_magic = XFS_SUPER_MAGIC;
	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_int_equal(stack_stats().registered_lease, 1);
}

LAYOUT_CASE(break_pending__taken_then)
{
	fake_fcntl.set_lease = ONCE(EAGAIN);
	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_int_equal(stack_stats().retakes, 1);
	assert_int_equal(stack_stats().registered_layout, 1);
}

/* What is there counts, not what was asked for: but layout means layout. */
LAYOUT_CASE(beside_an_ordinary_one)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);
	struct ibv_mr *ordinary, *mr;

	attr.comp_mask = PINSAFE_REG_GUARD;
	attr.guard = PINSAFE_GUARD_LEASE;
	ordinary = stack_reg_attr(&attr);
	mr = stack_reg_file(STACK_A);
	assert_int_equal(stack_stats().registered_lease, 2);
	attr.guard = PINSAFE_GUARD_LAYOUT;
	assert_int_equal(stack_reg_refused(&attr), EBUSY);
	stack_dereg_ok(ordinary);
	stack_dereg_ok(mr);
	stack_dereg_ok(stack_reg_attr(&attr));
	assert_int_equal(stack_stats().registered_layout, 1);
}

/* Who writes to A has it locked until B is broken and let go of. */
static void break_the_other(const struct file *file)
{
	if (file != STACK_A)
		return;
	fake_fcntl.on_layout = NULL;
	stack_break(STACK_B);
}

LAYOUT_CASE(file_is_locked__other_breaks_are_answered)
{
	struct ibv_mr *other = stack_reg_file(STACK_B), *mr;

	fake_fcntl.on_layout = break_the_other;
	mr = stack_reg_file(STACK_A);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(other);
	stack_dereg_ok(mr);
}

static sem_t may_go, is_done;

static void *register_meanwhile(void *file)
{
	struct ibv_mr *mr;

	sem_wait(&may_go);
	mr = stack_reg_file(file);
	sem_post(&is_done);
	return mr;
}

static void let_it_go(const struct file *file)
{
	fake_fcntl.on_layout = NULL;
	sem_post(&may_go);
	sem_wait(&is_done);
}

LAYOUT_CASE(taken_by_another_thread_meanwhile__shared)
{
	struct ibv_mr *mr;
	pthread_t thread;
	void *other;

	sem_init(&may_go, 0, 0);
	sem_init(&is_done, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, register_meanwhile,
					STACK_A), 0);
	fake_fcntl.on_layout = let_it_go;
	mr = stack_reg_file(STACK_A);
	pthread_join(thread, &other);
	assert_int_equal(stack_stats().leases, 1);
	stack_dereg_ok(mr);
	stack_dereg_ok(other);
}

LAYOUT_CASE(guard_layout__means_it)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);

	attr.comp_mask = PINSAFE_REG_GUARD;
	attr.guard = PINSAFE_GUARD_LAYOUT;
	fake_fcntl.layout_errno = EOPNOTSUPP;
	assert_int_equal(stack_reg_refused(&attr), EOPNOTSUPP);
	assert_non_null(strstr(stack_log(), "no layout lease on this file"));
}

/* Registered again where its file cannot be looked at */
static struct ibv_mr *again_unseen(void)
{
	struct ibv_mr *mr;

	fake_statx_errno = EIO;
	mr = stack_reg(&stack_device, 0, STACK_PAGES);
	fake_statx_errno = 0;
	return mr;
}

LAYOUT_CASE(page_cache__again_looked_at)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_null(again_unseen());
	stack_dereg_ok(mr);
}

/* What is never written back stays as it was made present. */
LAYOUT_CASE(memory__again_taken_for_what_it_was)
{
	struct ibv_mr *mr, *again;

	fake_fstatfs_magic = TMPFS_MAGIC;
	mr = stack_reg_file(STACK_A);
	assert_int_equal(stack_stats().registered_layout, 1);
	again = again_unseen();
	assert_non_null(again);
	stack_break(STACK_A);
	assert_int_equal(stack_stats().revoked_mrs, 2);
	stack_dereg_ok(again);
	stack_dereg_ok(mr);
}

LAYOUT_CASE(write__promise_asked_for_first)
{
	struct ibv_mr *mr, *written;

	fake_fcntl.layout_write_errno = 0;
	mr = reg_for_reading();
	assert_non_null(mr);
	assert_record(KEPT "reg_mr");
	written = stack_reg_file(STACK_A);
	assert_record("reg_mr");
	record_clear();
	stack_break(STACK_A);
	stack_dereg_ok(mr);
	stack_dereg_ok(written);
	assert_int_equal(stack_stats().revoked_mrs, 2);
}

LAYOUT_CASE(write__without_the_promise_for_reading_only)
{
	struct ibv_mr *mr = reg_for_reading();

	assert_non_null(mr);
	assert_record(TAKEN "reg_mr");
	stack_reg_fails(EOPNOTSUPP);
	assert_non_null(strstr(stack_log(), "does not promise to keep what a device writes to this file: "));
	assert_true(fake_lease_exists(STACK_A));
	stack_dereg_ok(mr);
	assert_false(fake_lease_exists(STACK_A));
}

LAYOUT_CASE(write__module_cannot_promise)
{
	fake_open_file(MODULE "parameters/page_cache_write",
		       "no: a hook does not fire\n");
	stack_reg_fails(EOPNOTSUPP);
	assert_non_null(strstr(stack_log(), "(no: a hook does not fire); use "));
}

LAYOUT_CASE(write__dax_has_nothing_to_promise)
{
	struct ibv_mr *mr;

	fake_statx_is_dax = true;
	mr = stack_reg_file(STACK_A);
	assert_record(TAKEN "reg_mr");
	stack_dereg_ok(mr);
}

int main(int argc, char **argv)
{
	setenv("PINSAFE_SHMEM", "guard", 1);
	if (argc > 1 && !strcmp(argv[1], "write")) {
		setenv("PINSAFE_PAGE_CACHE_WRITE", "yes", 1);
		cmocka_set_test_filter("write__*");
	} else {
		cmocka_set_skip_filter("write__*");
	}
	return run_cases();
}
