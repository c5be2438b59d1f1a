// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Ordinary leases of files with a page cache: through the description that is
 * mapped, armed before they are taken, and disarmed if they are not to be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys.h"
#include "lease.h"
#include "lib/stack.h"
#include "preload/private.h"
#include "verbs_wrap.h"
#include "watch.h"

#define TAKE(type) "signal a, owner a, " type " lease a"
#define DISARMED "signal a, owner a, no signal a, no owner a"

static int setup(void **state)
{
	stack_setup(state);
	fake_statx_is_dax = false;
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	return 0;
}

#define LEASE_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

static size_t n_descriptors(void)
{
	size_t n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void refused(int error, const char *text)
{
	errno = 0;
	assert_null(stack_reg(&stack_device, 0, STACK_PAGES));
	assert_int_equal(errno, error);
	assert_record(text);
	assert_int_equal(stack_stats().leases, 0);
	assert_int_equal(stack_stats().refusals, 1);
}

LEASE_CASE(mapped__write_lease_armed)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_record(TAKE("write") ", reg_mr");
	assert_int_equal(stack_stats().leases, 1);
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock a");
	assert_false(fake_is_armed(STACK_A));
}

LEASE_CASE(second_mr__shares_it)
{
	struct ibv_mr *first = stack_reg_file(STACK_A);
	struct ibv_mr *second = stack_reg_file(STACK_A);

	assert_record(TAKE("write") ", reg_mr, reg_mr");
	stack_dereg_ok(first);
	stack_dereg_ok(second);
	assert_record("dereg_mr, destroy 0, dereg_mr, destroy 1, unlock a");
}

/* The program's descriptors stay as they are. */
LEASE_CASE(taken_and_released__no_descriptor_left)
{
	size_t before = n_descriptors();

	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_int_equal(n_descriptors(), before);
}

LEASE_CASE(broken__revoked_then_released)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

/* Two descriptions of the same file: neither is the only one. */
LEASE_CASE(opened_again__EAGAIN)
{
	int other = open(STACK_A->path, O_RDWR | O_CLOEXEC);

	assert_true(other >= 0);
	fake_fcntl.n_writers = 1;
	fake_fcntl.is_quiet = true;
	refused(EAGAIN, "");
	assert_false(fake_is_armed(STACK_A));
	assert_non_null(strstr(stack_log(), "this program itself"));
	close(other);
}

LEASE_CASE(path_descriptor__passed_over)
{
	int path = open(STACK_A->path, O_PATH | O_CLOEXEC);
	int high = fcntl(STACK_A->fd, F_DUPFD_CLOEXEC, 500);
	struct ibv_mr *mr;

	assert_true(high >= 500 && path >= 0);
	close(STACK_A->fd);
	STACK_A->fd = high;
	mr = stack_reg_file(STACK_A);
	assert_record(TAKE("write") ", reg_mr");
	stack_dereg_ok(mr);
	close(path);
}

LEASE_CASE(only_a_path_descriptor__ENOENT)
{
	int path = open(STACK_A->path, O_PATH | O_CLOEXEC);

	assert_true(path >= 0);
	file_close(STACK_A);
	refused(ENOENT, "");
	close(path);
}

LEASE_CASE(descriptor_closed__ENOENT)
{
	file_close(STACK_A);
	refused(ENOENT, "");
	assert_non_null(strstr(stack_log(), "keep a descriptor"));
}

LEASE_CASE(own_lease__EBUSY_and_untouched)
{
	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETLEASE, F_WRLCK), 0);
	record_clear();
	refused(EBUSY, "");
	assert_true(fake_lease_exists(STACK_A));
	assert_int_equal(sys_fcntl(STACK_A->fd, F_GETLEASE, 0), F_WRLCK);
	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETLEASE, F_UNLCK), 0);
}

static void set_flags(int flags)
{
	assert_int_equal(fcntl(STACK_A->fd, F_SETFL, flags), 0);
}

/* Writes by descriptor would take the pages away under the device. */
LEASE_CASE(direct_io__EINVAL_and_what_to_do)
{
	set_flags(O_DIRECT);
	refused(EINVAL, "");
	assert_false(fake_is_armed(STACK_A));
	assert_non_null(strstr(stack_log(), "O_DIRECT"));
	set_flags(0);
	stack_dereg_ok(stack_reg_file(STACK_A));
}

/* By a system call of its own, or by a process that has the description, too */
LEASE_CASE(direct_io_turned_on_unseen__revoked_at_the_look)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	set_flags(O_DIRECT);
	stack_wait_for_breaks(1);
	stack_dereg_ok(mr);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	set_flags(0);
	/* Behind this the lease is released, and all lines are written. */
	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_non_null(strstr(stack_log(), "has O_DIRECT now"));
}

static void set_lease_fails(int kernel_errno, int error)
{
	fake_fcntl.set_lease = ALWAYS(kernel_errno);
	refused(error, DISARMED);
	assert_false(fake_is_armed(STACK_A));
	assert_int_equal(sys_fcntl(STACK_A->fd, F_GETLEASE, 0), F_UNLCK);
}

LEASE_CASE(not_the_owner__EACCES)
{
	set_lease_fails(EACCES, EACCES);
}

/* After setuid(2), or chown(2) of the file (ceph#28012) */
LEASE_CASE(owner_no_more__says_that_it_stays)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_fcntl.unlock_errno = EACCES;
	stack_dereg_ok(mr);
	assert_true(fake_lease_exists(STACK_A));
	assert_non_null(strstr(stack_log(), "CANNOT BE RELEASED: the process is not the owner"));
	assert_null(strstr(stack_log(), "lease released after"));
	fake_lease_expire(STACK_A);
}

static void kept(void)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_fcntl.unlock_errno = EACCES;
	stack_dereg_ok(mr);
	record_clear();
}

/* A signal of it would go on to the program, and kill it. */
LEASE_CASE(owner_no_more__nobody_is_signalled)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_fcntl.unlock_errno = EACCES;
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, no owner a");
	fake_break_begin(STACK_A);
	assert_int_equal(fake_fcntl.n_unarmed, 1);
	fake_fcntl.n_unarmed = 0;
	fake_lease_expire(STACK_A);
	fake_break_end(STACK_A);
}

static bool is_one_revoked(void *arg)
{
	return stack_stats().revoked_mrs == 1;
}

/* Though the kernel would not grant it */
LEASE_CASE(owner_no_more__the_one_that_stays_is_taken_again)
{
	struct ibv_mr *mr;

	kept();
	fake_fcntl.set_lease = ALWAYS(EACCES);
	mr = stack_reg_file(STACK_A);
	assert_record("signal a, owner a, reg_mr");
	record_clear();
	/* The keeper has it under another number than the signal names. */
	fake_break_begin(STACK_A);
	assert_true(wait_until(is_one_revoked, NULL));
	stack_dereg_ok(mr);
	fake_lease_expire(STACK_A);
	fake_break_end(STACK_A);
}

/* By chown(2): then the signal names the right descriptor, too. */
LEASE_CASE(owner_again__taken_again_and_released)
{
	struct ibv_mr *mr;

	kept();
	fake_fcntl.unlock_errno = 0;
	mr = stack_reg_file(STACK_A);
	assert_record(TAKE("write") ", reg_mr");
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock a");
	assert_false(fake_is_armed(STACK_A));
}

LEASE_CASE(owner_no_more__lease_gone__EACCES)
{
	kept();
	fake_lease_expire(STACK_A);
	set_lease_fails(EACCES, EACCES);
}

LEASE_CASE(no_memory__ENOMEM)
{
	set_lease_fails(ENOMEM, ENOMEM);
}

LEASE_CASE(no_leases__EOPNOTSUPP)
{
	set_lease_fails(EINVAL, EOPNOTSUPP);
}

LEASE_CASE(leases_turned_off__EOPNOTSUPP)
{
	fake_open_file("/proc/sys/fs/leases-enable", "0\n");
	set_lease_fails(EINVAL, EOPNOTSUPP);
	assert_non_null(strstr(stack_log(), "leases-enable"));
}

/* Then nobody is sent to turn on what may be on. */
LEASE_CASE(leases_maybe_turned_off__EOPNOTSUPP)
{
	fake_open_fails("/proc/sys/fs/leases-enable", ENOENT);
	set_lease_fails(EINVAL, EOPNOTSUPP);
	assert_null(strstr(stack_log(), "leases-enable"));
}

/* As try after try is made, until there is no time left */
LEASE_CASE(open_elsewhere__EAGAIN)
{
	fake_fcntl.n_readers = 1;
	fake_fcntl.is_quiet = true;
	refused(EAGAIN, "");
	assert_false(fake_is_armed(STACK_A));
	assert_non_null(strstr(stack_log(), STACK_A->path));
}

LEASE_CASE(open_elsewhere_for_a_while__taken_then)
{
	struct ibv_mr *mr;

	fake_fcntl.set_lease = ONCE(EAGAIN);
	mr = stack_reg_file(STACK_A);
	assert_record(DISARMED ", " TAKE("write") ", reg_mr");
	assert_int_equal(stack_stats().retakes, 1);
	stack_dereg_ok(mr);
}

static struct ibv_mr *reg_for_reading(void)
{
	return verbs_wrap_ops.reg_mr(&stack_device.pd, stack_addr, page_size(),
				     (uintptr_t)stack_addr, 0);
}

static void map_read_only(void)
{
	file_map(STACK_A, 0, STACK_PAGES, PROT_READ, stack_addr);
}

LEASE_CASE(read_only_others_read__read_lease)
{
	struct ibv_mr *mr;

	map_read_only();
	fake_fcntl.n_readers = 1;
	mr = reg_for_reading();
	assert_non_null(mr);
	assert_record(DISARMED ", " TAKE("read") ", reg_mr");
	assert_non_null(strstr(stack_log(), "O_RDONLY|O_TRUNC"));
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

LEASE_CASE(read_only_alone__write_lease)
{
	struct ibv_mr *mr;

	map_read_only();
	mr = reg_for_reading();
	assert_non_null(mr);
	assert_record(TAKE("write") ", reg_mr");
	stack_dereg_ok(mr);
}

LEASE_CASE(read_only_closed__read_lease)
{
	struct ibv_mr *mr;

	map_read_only();
	file_close(STACK_A);
	mr = reg_for_reading();
	assert_non_null(mr);
	assert_record(TAKE("read") ", reg_mr");
	stack_dereg_ok(mr);
}

/* There is nothing but reading, which takes no page away. */
LEASE_CASE(read_only_direct_io__read_lease)
{
	struct ibv_mr *mr;

	map_read_only();
	set_flags(O_DIRECT);
	mr = reg_for_reading();
	assert_non_null(mr);
	assert_record(TAKE("read") ", reg_mr");
	stack_dereg_ok(mr);
	set_flags(0);
}

LEASE_CASE(read_only_others_write__EAGAIN)
{
	map_read_only();
	fake_fcntl.n_writers = 1;
	fake_fcntl.is_quiet = true;
	errno = 0;
	assert_null(reg_for_reading());
	assert_int_equal(errno, EAGAIN);
	assert_false(fake_is_armed(STACK_A));
}

/* Stores go through the mapping: a lease against writers is no guard. */
LEASE_CASE(writable_others_read__no_read_lease)
{
	fake_fcntl.n_readers = 1;
	fake_fcntl.is_quiet = true;
	errno = 0;
	assert_null(reg_for_reading());
	assert_int_equal(errno, EAGAIN);
	assert_false(fake_lease_exists(STACK_A));
}

/* It is asked by a lease, of which nothing is left. */
LEASE_CASE(asked_whether_sole__left_as_it_was)
{
	int other;

	assert_true(lease_ordinary_is_sole(STACK_A->fd));
	assert_record(TAKE("write") ", unlock a, no signal a, no owner a");
	assert_false(fake_lease_exists(STACK_A));
	other = open(STACK_A->path, O_RDWR | O_CLOEXEC);
	fake_fcntl.n_writers = 1;
	assert_false(lease_ordinary_is_sole(STACK_A->fd));
	assert_record(DISARMED);
	assert_false(fake_lease_exists(STACK_A));
	close(other);
}

/* From here on it is watched: see main(). */

static char *end_of_a(void)
{
	return stack_addr + STACK_PAGES * page_size();
}

static void watch_a(void)
{
	watch_enable();
	pinsafe_private_mapped(stack_addr, end_of_a() - stack_addr,
			       STACK_A->fd);
}

LEASE_CASE(watched_and_closed__through_the_kept_one)
{
	struct ibv_mr *mr;

	watch_a();
	file_close(STACK_A);
	mr = stack_reg_file(STACK_A);
	assert_record(TAKE("write") ", reg_mr");
	stack_break(STACK_A);
	stack_dereg_ok(mr);
	pinsafe_private_unmapped(
		stack_addr, end_of_a() - stack_addr,
		pinsafe_private_unmapping(stack_addr, end_of_a() - stack_addr));
	record_clear();
	refused(ENOENT, "");
}

LEASE_CASE(own_removal__revoked_first)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	struct lease_barrier barrier;

	record_clear();
	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, &barrier),
			 0);
	assert_record("destroy 0, unlock a");
	assert_false(fake_lease_exists(STACK_A));
	pinsafe_private_removal_end(&barrier);
	/* Not somebody else, who might be looked for */
	assert_non_null(strstr(stack_log(), "because the program itself takes"));
	stack_dereg_ok(mr);
}

LEASE_CASE(own_removal__other_file_stays)
{
	struct ibv_mr *mr = stack_reg_file(STACK_B);
	struct lease_barrier barrier;

	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, &barrier),
			 0);
	pinsafe_private_removal_end(&barrier);
	assert_true(fake_lease_exists(STACK_B));
	assert_int_equal(stack_stats().breaks, 0);
	stack_dereg_ok(mr);
}

LEASE_CASE(own_removal__no_new_lease_meanwhile)
{
	struct lease_barrier barrier;

	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, &barrier),
			 0);
	refused(EAGAIN, "");
	pinsafe_private_removal_end(&barrier);
	stack_dereg_ok(stack_reg_file(STACK_A));
}

LEASE_CASE(own_removal__two_at_a_time)
{
	struct lease_barrier first, second;

	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, &first), 0);
	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, &second),
			 0);
	pinsafe_private_removal_end(&first);
	refused(EAGAIN, "");
	pinsafe_private_removal_end(&second);
	stack_dereg_ok(stack_reg_file(STACK_A));
}

LEASE_CASE(own_removal__stuck_ETXTBSY)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	struct lease_barrier barrier;

	fake_kernel_mr_stick(mr, -1, EBUSY);
	errno = E2BIG;
	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, &barrier),
			 ETXTBSY);
	assert_int_equal(errno, E2BIG);
	assert_true(fake_lease_exists(STACK_A));
	fake_kernel_mr_stick(NULL, 0, 0);
	stack_dereg_ok(mr);
}

/* The kernel breaks it, whoever does it. */
LEASE_CASE(own_removal__layout_lease_is_left_alone)
{
	struct lease_barrier barrier;
	struct ibv_mr *mr;

	fake_statx_is_dax = true;
	mr = stack_reg_file(STACK_A);
	assert_int_equal(pinsafe_private_removal_begin(STACK_A->fd, &barrier),
			 0);
	assert_true(fake_lease_exists(STACK_A));
	pinsafe_private_removal_end(&barrier);
	assert_int_equal(stack_stats().breaks, 0);
	stack_dereg_ok(mr);
}

int main(void)
{
	/* Cases that give up wait for so long. */
	setenv("PINSAFE_RETAKE_MS", "50", 1);
	return run_cases();
}
