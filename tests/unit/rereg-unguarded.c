// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_rereg_mr() of a memory region that is not guarded, or will not be: what is
 * pinned may be guarded memory all the same.
 */
#include <errno.h>
#include <sys/mman.h>

#include "lib/stack_api.h"
#include "verbs_wrap.h"

#define MOVE (IBV_REREG_MR_CHANGE_TRANSLATION)

static char *anonymous;

static int setup(void **state)
{
	stack_setup(state);
	anonymous = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(anonymous != MAP_FAILED);
	return 0;
}

static int teardown(void **state)
{
	munmap(anonymous, page_size());
	return stack_teardown(state);
}

static int rereg(struct ibv_mr *mr, int flags, void *addr)
{
	errno = 0;
	return verbs_wrap_ops.rereg_mr(mr, flags, &stack_device.pd, addr,
				       page_size(), IBV_ACCESS_LOCAL_WRITE);
}

/* Another thread puts a file where the device has been sent. */
static int is_replaced_meanwhile(struct ibv_mr *mr, int flags, void *addr,
				 size_t length)
{
	file_map(STACK_A, 0, 1, PROT_READ | PROT_WRITE, addr);
	return fake_cmd_rereg_mr(mr, flags, addr, length);
}

/* While the kernel pinned it that lease was there. */
static void replaced_and_the_last_lease_was_its_own__revoked(void **state)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_provider.cmd_rereg_mr = is_replaced_meanwhile;
	assert_int_equal(rereg(mr, MOVE, anonymous), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fake_kernel_mr_count(), 0);
	stack_dereg_ok(mr);
}

#define REREG_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		REREG_CASE(replaced_and_the_last_lease_was_its_own__revoked),
	};

	return STACK_MAIN(cases);
}
