// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Ordinary leases of files with a page cache: through the description that is
 * mapped, armed before they are taken, and disarmed if they are not to be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys.h"
#include "lease.h"
#include "lib/ordinary.h"
#include "preload/private.h"
#include "verbs_wrap.h"
#include "watch.h"

static size_t n_descriptors(void)
{
	size_t n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

ORDINARY_CASE(mapped__write_lease_armed)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_record(TAKE("write") ", reg_mr");
	assert_int_equal(stack_stats().leases, 1);
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock a");
	assert_false(fake_is_armed(STACK_A));
}

ORDINARY_CASE(second_mr__shares_it)
{
	struct ibv_mr *first = stack_reg_file(STACK_A);
	struct ibv_mr *second = stack_reg_file(STACK_A);

	assert_record(TAKE("write") ", reg_mr, reg_mr");
	stack_dereg_ok(first);
	stack_dereg_ok(second);
	assert_record("dereg_mr, destroy 0, dereg_mr, destroy 1, unlock a");
}

/* The program's descriptors stay as they are. */
ORDINARY_CASE(taken_and_released__no_descriptor_left)
{
	size_t before = n_descriptors();

	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_int_equal(n_descriptors(), before);
}

ORDINARY_CASE(broken__revoked_then_released)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

/* Two descriptions of the same file: neither is the only one. */
ORDINARY_CASE(opened_again__EAGAIN)
{
	int other = open(STACK_A->path, O_RDWR | O_CLOEXEC);

	assert_true(other >= 0);
	fake_fcntl.n_writers = 1;
	fake_fcntl.is_quiet = true;
	ordinary_refused(EAGAIN, "");
	assert_false(fake_is_armed(STACK_A));
	assert_non_null(strstr(stack_log(), "this program itself"));
	close(other);
}

ORDINARY_CASE(path_descriptor__passed_over)
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

ORDINARY_CASE(only_a_path_descriptor__ENOENT)
{
	int path = open(STACK_A->path, O_PATH | O_CLOEXEC);

	assert_true(path >= 0);
	file_close(STACK_A);
	ordinary_refused(ENOENT, "");
	close(path);
}

ORDINARY_CASE(descriptor_closed__ENOENT)
{
	file_close(STACK_A);
	ordinary_refused(ENOENT, "");
	assert_non_null(strstr(stack_log(), "keep a descriptor"));
}

ORDINARY_CASE(own_lease__EBUSY_and_untouched)
{
	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETLEASE, F_WRLCK), 0);
	record_clear();
	ordinary_refused(EBUSY, "");
	assert_true(fake_lease_exists(STACK_A));
	assert_int_equal(sys_fcntl(STACK_A->fd, F_GETLEASE, 0), F_WRLCK);
	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETLEASE, F_UNLCK), 0);
}

static void set_flags(int flags)
{
	assert_int_equal(fcntl(STACK_A->fd, F_SETFL, flags), 0);
}

/* Writes by descriptor would take the pages away under the device. */
ORDINARY_CASE(direct_io__EINVAL_and_what_to_do)
{
	set_flags(O_DIRECT);
	ordinary_refused(EINVAL, "");
	assert_false(fake_is_armed(STACK_A));
	assert_non_null(strstr(stack_log(), "O_DIRECT"));
	set_flags(0);
	stack_dereg_ok(stack_reg_file(STACK_A));
}

/* By a system call of its own, or by a process that has the description, too */
ORDINARY_CASE(direct_io_turned_on_unseen__revoked_at_the_look)
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

ORDINARY_CASE(not_the_owner__EACCES)
{
	ordinary_lease_fails(EACCES, EACCES);
}

ORDINARY_CASE(no_memory__ENOMEM)
{
	ordinary_lease_fails(ENOMEM, ENOMEM);
}

ORDINARY_CASE(no_leases__EOPNOTSUPP)
{
	ordinary_lease_fails(EINVAL, EOPNOTSUPP);
}

ORDINARY_CASE(leases_turned_off__EOPNOTSUPP)
{
	fake_open_file("/proc/sys/fs/leases-enable", "0\n");
	ordinary_lease_fails(EINVAL, EOPNOTSUPP);
	assert_non_null(strstr(stack_log(), "leases-enable"));
}

/* Then nobody is sent to turn on what may be on. */
ORDINARY_CASE(leases_maybe_turned_off__EOPNOTSUPP)
{
	fake_open_fails("/proc/sys/fs/leases-enable", ENOENT);
	ordinary_lease_fails(EINVAL, EOPNOTSUPP);
	assert_null(strstr(stack_log(), "leases-enable"));
}

/* As try after try is made, until there is no time left */
ORDINARY_CASE(open_elsewhere__EAGAIN)
{
	fake_fcntl.n_readers = 1;
	fake_fcntl.is_quiet = true;
	ordinary_refused(EAGAIN, "");
	assert_false(fake_is_armed(STACK_A));
	assert_non_null(strstr(stack_log(), STACK_A->path));
}

ORDINARY_CASE(open_elsewhere_for_a_while__taken_then)
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

ORDINARY_CASE(read_only_others_read__read_lease)
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

ORDINARY_CASE(read_only_alone__write_lease)
{
	struct ibv_mr *mr;

	map_read_only();
	mr = reg_for_reading();
	assert_non_null(mr);
	assert_record(TAKE("write") ", reg_mr");
	stack_dereg_ok(mr);
}

ORDINARY_CASE(read_only_closed__read_lease)
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
ORDINARY_CASE(read_only_direct_io__read_lease)
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

ORDINARY_CASE(read_only_others_write__EAGAIN)
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
ORDINARY_CASE(writable_others_read__no_read_lease)
{
	fake_fcntl.n_readers = 1;
	fake_fcntl.is_quiet = true;
	errno = 0;
	assert_null(reg_for_reading());
	assert_int_equal(errno, EAGAIN);
	assert_false(fake_lease_exists(STACK_A));
}

/* It is asked by a lease, of which nothing is left. */
ORDINARY_CASE(asked_whether_sole__left_as_it_was)
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

/* The last case: from here on it is watched. */

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

ORDINARY_CASE(watched_and_closed__through_the_kept_one)
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
	ordinary_refused(ENOENT, "");
}

int main(void)
{
	return ordinary_run();
}
