// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_rereg_mr() of a memory region that is not guarded, or will not be: what
 * is pinned may be guarded memory all the same.
 */
#include <errno.h>
#include <sys/mman.h>

#include "lib/rereg.h"
#include "verbs_wrap.h"

static struct ibv_mr *reg(char *addr, int access)
{
	return verbs_wrap_ops.reg_mr(&stack_device.pd, addr, page_size(),
				     (uintptr_t)addr, access);
}

/* Another thread puts a file where the device has been sent. */
static int is_replaced_meanwhile(struct ibv_mr *mr, int flags, void *addr,
				 size_t length)
{
	file_map(STACK_A, 0, 1, PROT_READ | PROT_WRITE, addr);
	return fake_cmd_rereg_mr(mr, flags, addr, length);
}

/* While the kernel pinned it that lease was there. */
REREG_CASE(replaced_and_the_last_lease_was_its_own__revoked)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_provider.cmd_rereg_mr = is_replaced_meanwhile;
	assert_int_equal(rereg(mr, MOVE, anonymous), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fake_kernel_mr_count(), 0);
	stack_dereg_ok(mr);
}

/* Nobody knows what it was registered with. */
REREG_CASE(revoked_and_never_guarded__not_restored)
{
	struct ibv_mr *other = stack_reg_file(STACK_B);
	struct ibv_mr *mr = reg_anonymous(), *restored;

	fake_provider.cmd_rereg_mr = is_replaced_meanwhile;
	assert_int_equal(rereg(mr, MOVE, anonymous), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	assert_int_equal(pinsafe_mr_restore(mr, 0, 0, &restored), EINVAL);
	stack_dereg_ok(mr);
	stack_dereg_ok(other);
}

REREG_CASE(stuck_and_never_guarded__not_moved_again)
{
	static const int flags[] = {
		MOVE,
		IBV_REREG_MR_CHANGE_ACCESS,
		IBV_REREG_MR_CHANGE_PD,
	};
	struct ibv_mr *other = stack_reg_file(STACK_B);
	struct ibv_mr *mr = reg_anonymous();
	size_t i;

	fake_provider.cmd_rereg_mr = is_replaced_meanwhile;
	fake_kernel_mr_stick(mr, 1, EBUSY);
	assert_int_equal(rereg(mr, MOVE, anonymous), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(stack_stats().zombie_mrs, 0);
	record_clear();
	for (i = 0; i < N_OF(flags); i++) {
		assert_int_equal(rereg(mr, flags[i], anonymous),
				 IBV_REREG_MR_ERR_INPUT);
		assert_int_equal(errno, EOPNOTSUPP);
	}
	assert_record("");
	assert_int_equal(pinsafe_sync(mr, 0, 1, 0), EINVAL);
	assert_int_equal(pinsafe_release(mr), 0);
	assert_record("destroy 1");
	stack_dereg_ok(mr);
	stack_dereg_ok(other);
}

static void guarded_from_now_on(struct ibv_mr *mr)
{
	record_clear();
	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL), 0);
	assert_record("signal a, owner a, lease a, rereg_mr");
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

REREG_CASE(was_on_demand_and_is_not_now__guarded)
{
	guarded_from_now_on(
		reg(stack_addr, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_ON_DEMAND));
}

/* As mlx5 does with what was on demand: flags do not matter. */
static int is_made_anew(struct ibv_mr *mr, int flags, void *addr, size_t length)
{
	return fake_cmd_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, addr,
				 length);
}

REREG_CASE(in_place_with_an_address__not_pinned_there)
{
	struct ibv_mr *mr =
		reg(anonymous, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_ON_DEMAND);

	fake_provider.cmd_rereg_mr = is_made_anew;
	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_ACCESS, stack_addr), 0);
	assert_true(fake_kernel_mr_covers(anonymous, page_size()));
	assert_false(fake_kernel_mr_covers(stack_addr, page_size()));
	stack_dereg_ok(mr);
}

REREG_CASE(new_access_over_a_new_mapping__guarded)
{
	struct ibv_mr *mr = reg_anonymous();

	file_map(STACK_A, 0, 1, PROT_READ | PROT_WRITE, anonymous);
	guarded_from_now_on(mr);
}

/* Nothing is pinned by that. */
REREG_CASE(new_domain_over_a_new_mapping__as_without_us)
{
	struct ibv_mr *mr = reg_anonymous();

	file_map(STACK_A, 0, 1, PROT_READ | PROT_WRITE, anonymous);
	record_clear();
	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_PD, NULL), 0);
	assert_record("rereg_mr");
	stack_dereg_ok(mr);
}

/* Still pinned, and a bound window would keep it from being revoked. */
REREG_CASE(memory_windows_after_unmapping__refused)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_int_equal(munmap(stack_addr, STACK_PAGES * page_size()), 0);
	record_clear();
	assert_int_equal(rereg_as(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL,
				  IBV_ACCESS_MW_BIND),
			 IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_record("");
	stack_dereg_ok(mr);
}

REREG_CASE(memory_windows_where_no_guard_is__moved)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_int_equal(rereg_as(mr, MOVE | IBV_REREG_MR_CHANGE_ACCESS,
				  anonymous, IBV_ACCESS_MW_BIND),
			 0);
	assert_false(fake_lease_exists(STACK_A));
	stack_dereg_ok(mr);
}

/* The memory was away for a moment, and its options stay all the same. */
REREG_CASE(in_place_after_unmapping__restored_as_registered)
{
	struct pinsafe_event_channel *channel = stack_channel();
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);
	struct ibv_mr *mr, *restored;

	attr.comp_mask = PINSAFE_REG_GRACE;
	attr.grace_ms = 3600000;
	attr.channel = channel;
	mr = stack_reg_attr(&attr);
	assert_int_equal(munmap(stack_addr, STACK_PAGES * page_size()), 0);
	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_PD, NULL), 0);
	file_map(STACK_A, 0, STACK_PAGES, PROT_READ | PROT_WRITE, stack_addr);
	assert_int_equal(pinsafe_release(mr), 0);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_int_equal(pinsafe_mr_restore(mr, -1, 0, &restored), 0);
	stack_dereg_ok(mr);
	fake_break_begin(STACK_A);
	stack_event_is(channel, PINSAFE_EVENT_BREAK, restored);
	stack_dereg_ok(restored);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	stack_channel_end(channel);
}

/* The handle can be that of a domain of its own context. */
REREG_CASE(domain_of_another_device__EINVAL)
{
	struct ibv_mr *mr = reg_anonymous();
	struct device other;

	stack_open(&other, -1);
	record_clear();
	errno = 0;
	assert_int_equal(
		verbs_wrap_ops.rereg_mr(mr,
					MOVE | IBV_REREG_MR_CHANGE_PD |
						IBV_REREG_MR_CHANGE_ACCESS,
					&other.pd, stack_addr, page_size(),
					IBV_ACCESS_LOCAL_WRITE),
		IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EINVAL);
	assert_record("");
	stack_close(&other);
	stack_dereg_ok(mr);
}
