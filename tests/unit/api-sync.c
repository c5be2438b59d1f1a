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

static void range_within__0(void **state)
{
	const size_t length = attr.length;

	assert_int_equal(pinsafe_sync(mr, 0, length, 0), 0);
	assert_int_equal(pinsafe_sync(mr, 100, 1, 0), 0);
	assert_int_equal(pinsafe_sync(mr, length - 1, 1, 0), 0);
	assert_int_equal(pinsafe_sync(mr, 0, 0, 0), 0);
	assert_int_equal(pinsafe_sync(mr, length, 0, 0), 0);
}

static void range_beyond__EINVAL(void **state)
{
	const size_t length = attr.length;

	assert_int_equal(pinsafe_sync(mr, 0, length + 1, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, 1, length, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, length + 1, 0, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, 1, SIZE_MAX, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, SIZE_MAX, 1, 0), EINVAL);
}

static void flags_or_NULL__EINVAL(void **state)
{
	assert_int_equal(pinsafe_sync(NULL, 0, 1, 0), EINVAL);
	assert_int_equal(pinsafe_sync(mr, 0, 1, 1), EINVAL);
}

static void not_written_by_the_device__EINVAL(void **state)
{
	struct pinsafe_reg_attr for_reading = attr;
	struct ibv_mr *other;

	for_reading.access = IBV_ACCESS_REMOTE_READ;
	other = stack_reg_attr(&for_reading);
	assert_int_equal(pinsafe_sync(other, 0, 1, 0), EINVAL);
	stack_dereg_ok(other);
}

static void not_guarded__EINVAL(void **state)
{
	struct pinsafe_reg_attr unguarded = attr;
	struct ibv_mr *other;

	unguarded.comp_mask = PINSAFE_REG_GUARD;
	unguarded.guard = PINSAFE_GUARD_NONE;
	other = stack_reg_attr(&unguarded);
	assert_int_equal(pinsafe_sync(other, 0, 1, 0), EINVAL);
	stack_dereg_ok(other);
}

static void revoked__EINVAL(void **state)
{
	stack_break(STACK_A);
	assert_int_equal(pinsafe_sync(mr, 0, 1, 0), EINVAL);
}

/* A page that cannot be made dirty is not written back either. */
static void write_protected__error(void **state)
{
	assert_int_equal(mprotect(attr.addr, page_size(), PROT_READ), 0);
	assert_int_equal(pinsafe_sync(mr, 0, attr.length, 0), EACCES);
	assert_int_equal(pinsafe_sync(mr, page_size(), page_size(), 0), 0);
}

static void unmapped__error(void **state)
{
	assert_int_equal(munmap(attr.addr, page_size()), 0);
	assert_int_equal(pinsafe_sync(mr, 0, attr.length, 0), ENOMEM);
}

/* As after a write fault that the file system has no block for */
static void beyond_the_end_of_file__error(void **state)
{
	assert_int_equal(ftruncate(STACK_A->fd, page_size()), 0);
	assert_int_equal(pinsafe_sync(mr, 0, attr.length, 0), EFAULT);
	assert_int_equal(pinsafe_sync(mr, 0, page_size(), 0), 0);
}

#define SYNC_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		SYNC_CASE(range_within__0),
		SYNC_CASE(range_beyond__EINVAL),
		SYNC_CASE(flags_or_NULL__EINVAL),
		SYNC_CASE(not_written_by_the_device__EINVAL),
		SYNC_CASE(not_guarded__EINVAL),
		SYNC_CASE(revoked__EINVAL),
		SYNC_CASE(write_protected__error),
		SYNC_CASE(unmapped__error),
		SYNC_CASE(beyond_the_end_of_file__error),
	};

	return STACK_MAIN(cases);
}
