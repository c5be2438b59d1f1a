// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_rereg_mr() of a memory region over a file is refused in each of its
 * states, and changes none of them.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/stack.h"
#include "verbs_wrap.h"

static int rereg(struct ibv_mr *mr, int flags, void *addr)
{
	errno = 0;
	return verbs_wrap_ops.rereg_mr(mr, flags, &stack_device.pd, addr,
				       page_size(), IBV_ACCESS_LOCAL_WRITE);
}

/* Whatever is to be changed, to the same memory or to other */
static void assert_refused(struct ibv_mr *mr)
{
	static const int flags[] = {
		IBV_REREG_MR_CHANGE_TRANSLATION,
		IBV_REREG_MR_CHANGE_PD,
		IBV_REREG_MR_CHANGE_ACCESS,
		IBV_REREG_MR_CHANGE_TRANSLATION | IBV_REREG_MR_CHANGE_PD,
	};
	size_t i;

	for (i = 0; i < N_OF(flags); i++) {
		assert_int_equal(rereg(mr, flags[i], stack_addr),
				 IBV_REREG_MR_ERR_INPUT);
		assert_int_equal(errno, EOPNOTSUPP);
	}
	assert_null(strstr(record_text(), "rereg_mr"));
}

static void alive__refused_and_still_guarded(void **state)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_refused(mr);
	assert_int_equal(fake_kernel_mr_count(), 1);
	assert_true(fake_lease_exists(STACK_A));
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

/* Its handle can be that of another memory region by now. */
static void zombie__refused_and_the_heir_of_its_handle_stays(void **state)
{
	struct ibv_mr *zombie = stack_reg_file(STACK_A), *heir;

	stack_break(STACK_A);
	heir = stack_reg_file(STACK_B);
	assert_int_equal(heir->handle, zombie->handle);
	record_clear();
	assert_refused(zombie);
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(zombie);
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(heir);
}

static bool has_failed(void *arg)
{
	return stack_stats().revoke_failures > 0;
}

static void cannot_be_revoked__refused(void **state)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_kernel_mr_stick(mr, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failed, NULL));
	assert_refused(mr);
	fake_kernel_mr_stick(NULL, 0, 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	stack_dereg_ok(mr);
}

static struct ibv_mr *reg_anonymous(char *addr)
{
	return verbs_wrap_ops.reg_mr(&stack_device.pd, addr, page_size(),
				     (uintptr_t)addr, IBV_ACCESS_LOCAL_WRITE);
}

static void from_anonymous_to_a_file__refused(void **state)
{
	char *addr = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ibv_mr *mr = reg_anonymous(addr);

	record_clear();
	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_TRANSLATION, stack_addr),
			 IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_record("");
	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_TRANSLATION, addr), 0);
	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL), 0);
	assert_record("rereg_mr, rereg_mr");
	stack_dereg_ok(mr);
	munmap(addr, page_size());
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		STACK_CASE(alive__refused_and_still_guarded),
		STACK_CASE(zombie__refused_and_the_heir_of_its_handle_stays),
		STACK_CASE(cannot_be_revoked__refused),
		STACK_CASE(from_anonymous_to_a_file__refused),
	};

	return STACK_MAIN(cases);
}
