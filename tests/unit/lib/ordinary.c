// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>

#include "base/sys.h"
#include "ordinary.h"

int ordinary_setup(void **state)
{
	stack_setup(state);
	fake_statx_is_dax = false;
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	return 0;
}

void ordinary_refused(int error, const char *text)
{
	stack_reg_fails(error);
	assert_record(text);
	assert_int_equal(stack_stats().leases, 0);
	assert_int_equal(stack_stats().refusals, 1);
}

void ordinary_lease_fails(int kernel_errno, int error)
{
	fake_fcntl.set_lease = ALWAYS(kernel_errno);
	ordinary_refused(error, DISARMED);
	assert_false(fake_is_armed(STACK_A));
	assert_int_equal(sys_fcntl(STACK_A->fd, F_GETLEASE, 0), F_UNLCK);
}

int ordinary_run(void)
{
	setenv("PINSAFE_RETAKE_MS", "50", 1);
	return run_cases();
}
