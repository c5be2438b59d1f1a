// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* pinsafe_sync(): which ranges of which regions, and that errors are told */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/stack_api.h"

static struct pinsafe_reg_attr attr;
static struct ibv_mr *mr;

static int setup(void **state)
{
	stack_setup(state);
	attr = stack_attr(STACK_A);
	mr = stack_reg_attr(&attr);
	return 0;
}

static int teardown(void **state)
{
	stack_dereg_ok(mr);
	return stack_teardown(state);
}

#define SYNC_CASE(fn) CASE_WITH(fn, setup, teardown)

SYNC_CASE(range_within__0)
{
	const size_t length = attr.length;

	assert_int_equal(pinsafe_sync(mr, 0, length, 0), 0);
	assert_int_equal(pinsafe_sync(mr, 100, 1, 0), 0);
	assert_int_equal(pinsafe_sync(mr, length - 1, 1, 0), 0);
	assert_int_equal(pinsafe_sync(mr, 0, 0, 0), 0);
	assert_int_equal(pinsafe_sync(mr, length, 0, 0), 0);
}

SYNC_CASE(range_beyond__EINVAL)
{
	const size_t length = attr.length;

	assert_int_equal(pinsafe_sync(mr, 0, length + 1, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, 1, length, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, length + 1, 0, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, 1, SIZE_MAX, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, SIZE_MAX, 1, 0), EINVAL);
}

SYNC_CASE(flags_or_NULL__EINVAL)
{
	assert_int_equal(pinsafe_sync(NULL, 0, 1, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, 0, 1, 1), EINVAL);
}

SYNC_CASE(not_written_by_the_device__EINVAL)
{
	struct pinsafe_reg_attr for_reading = attr;
	struct ibv_mr *other;

	for_reading.access = IBV_ACCESS_REMOTE_READ;
	other = stack_reg_attr(&for_reading);
	assert_int_equal(pinsafe_sync(other, 0, 1, 0), EINVAL);
	stack_dereg_ok(other);
}

SYNC_CASE(not_guarded__EINVAL)
{
	struct pinsafe_reg_attr unguarded = attr;
	struct ibv_mr *other;

	unguarded.comp_mask = PINSAFE_REG_GUARD;
	unguarded.guard = PINSAFE_GUARD_NONE;
	other = stack_reg_attr(&unguarded);
	assert_int_equal(pinsafe_sync(other, 0, 1, 0), EINVAL);
	stack_dereg_ok(other);
}

SYNC_CASE(revoked__EINVAL)
{
	stack_break(STACK_A);
	assert_int_equal(pinsafe_sync(mr, 0, 1, 0), EINVAL);
}

/* A page that cannot be made dirty is not written back either. */
SYNC_CASE(write_protected__error)
{
	assert_int_equal(mprotect(attr.addr, page_size(), PROT_READ), 0);
	assert_int_equal(pinsafe_sync(mr, 0, attr.length, 0), EACCES);
	assert_int_equal(pinsafe_sync(mr, page_size(), page_size(), 0), 0);
}

SYNC_CASE(unmapped__error)
{
	assert_int_equal(munmap(attr.addr, page_size()), 0);
	assert_int_equal(pinsafe_sync(mr, 0, attr.length, 0), ENOMEM);
}

/* As after a write fault that the file system has no block for */
SYNC_CASE(beyond_the_end_of_file__error)
{
	assert_int_equal(ftruncate(STACK_A->fd, page_size()), 0);
	assert_int_equal(pinsafe_sync(mr, 0, attr.length, 0), EFAULT);
	assert_int_equal(pinsafe_sync(mr, 0, page_size(), 0), 0);
}
