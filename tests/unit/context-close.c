// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* ibv_close_device() with memory regions that are still there */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/stack.h"

STACK_CASE(alive__revoked_before_the_context)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	stack_close(&stack_device);
	assert_record("destroy 0, unlock a, free_context");
	assert_int_equal(stack_stats().guarded_mrs, 0);
	assert_int_equal(stack_stats().zombie_mrs, 0);
	free(mr);
}

STACK_CASE(zombie__forgotten)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	stack_break(STACK_A);
	record_clear();
	stack_close(&stack_device);
	assert_record("free_context");
	assert_int_equal(stack_stats().zombie_mrs, 0);
	free(mr);
}

/* Then they go with the context, and until then the lease is needed. */
STACK_CASE(stuck__lease_goes_after_the_context)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_kernel_mr_stick(mr, -1, EBUSY);
	stack_close(&stack_device);
	assert_record("free_context, unlock a");
	assert_non_null(strstr(stack_log(), "cannot be revoked, though its device is closed"));
	assert_int_equal(stack_stats().guarded_mrs, 0);
	fake_kernel_mr_reset();
	free(mr);
}

STACK_CASE(other_context__not_touched)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A), *other_mr;
	static struct device other;

	stack_open(&other, -1);
	other_mr = stack_reg(&other, 0, 1);
	assert_non_null(other_mr);
	record_clear();
	stack_close(&other);
	assert_record("destroy 1, free_context");
	assert_true(fake_lease_exists(STACK_A));
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
	free(other_mr);
}

STACK_CASE(nothing_guarded__as_without_us)
{
	stack_close(&stack_device);
	assert_record("free_context");
}

/* Under whichever number */
static bool keeper_has(ino_t ino)
{
	char path[64];
	struct stat st;
	bool has = false;
	int fd;

	for (fd = 0; fd < 64 && !has; fd++) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%d",
			 stack_keeper_tid(), fd);
		has = !stat(path, &st) && st.st_ino == ino;
	}
	return has;
}

/* The device must not be kept open by the keeper. */
STACK_CASE(closed__keeper_has_let_go)
{
	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_true(keeper_has(stack_device.ino));
	stack_close(&stack_device);
	assert_false(keeper_has(stack_device.ino));
}

/* malloc() gives the next context the same address. */
STACK_CASE(opened_again__adopted_again)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	stack_dereg_ok(mr);
	stack_close(&stack_device);
	stack_open(&stack_device, -1);
	mr = stack_reg_file(STACK_A);
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

/*
 * What is left if the program unlocks all of the device's file: other open files
 * of the device are not taken for the first one.
 */
STACK_CASE(opened_again__without_the_keepers_lock)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };
	int fd = stack_device.context.cmd_fd, again;
	char path[64];

	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	lock.l_type = F_UNLCK;
	if (fcntl(fd, F_OFD_GETLK, &lock))
		SKIP_CASE("Linux does not tell of own locks before 6.6");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(dup2(again, fd), fd);
	close(again);
	stack_reg_fails(EBADF);
}
