// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_rereg_mr() on a provider that can: new memory is guarded before the
 * device has it, and old memory for as long as the device may have it.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/rereg.h"
#include "verbs_wrap.h"

REREG_CASE(to_another_file__its_lease_first_and_the_old_one_last)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	assert_int_equal(rereg(mr, MOVE, addr_b), 0);
	assert_record("signal b, owner b, lease b, rereg_mr, unlock a");
	assert_true(fake_provider.was_in_section);
	assert_int_equal(stack_stats().guarded_mrs, 1);
	assert_int_equal(stack_stats().bytes_guarded, page_size());
	assert_int_equal(stack_stats().registrations, 2);

	record_clear();
	stack_break(STACK_A);
	assert_record("");
	stack_break(STACK_B);
	assert_record("destroy 0, unlock b");
	stack_dereg_ok(mr);
}

REREG_CASE(within_a_file__the_lease_stays)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	assert_int_equal(rereg(mr, MOVE, addr_a + page_size()), 0);
	assert_record("rereg_mr");
	stack_dereg_ok(mr);
	assert_record("dereg_mr, destroy 0, unlock a");
}

REREG_CASE(to_anonymous_memory__the_lease_goes)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	assert_int_equal(rereg(mr, MOVE, anonymous), 0);
	assert_record("rereg_mr, unlock a");
	assert_int_equal(stack_stats().guarded_mrs, 0);
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
}

REREG_CASE(from_anonymous_memory__guarded)
{
	struct ibv_mr *mr = reg_anonymous();

	record_clear();
	assert_int_equal(rereg(mr, MOVE_AND_ACCESS, addr_a), 0);
	assert_record("signal a, owner a, lease a, rereg_mr");
	assert_int_equal(stack_stats().guarded_mrs, 1);
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

/* May the device write?  Can the memory region be destroyed?  Nobody knows. */
REREG_CASE(from_anonymous_memory_with_its_access__refused)
{
	struct ibv_mr *mr = reg_anonymous();

	record_clear();
	assert_int_equal(rereg(mr, MOVE, addr_a), IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_non_null(strstr(stack_log(), "IBV_REREG_MR_CHANGE_ACCESS"));
	assert_record("");
	stack_dereg_ok(mr);
}

REREG_CASE(between_anonymous_memory__as_without_us)
{
	struct ibv_mr *mr = reg_anonymous();

	record_clear();
	assert_int_equal(rereg(mr, MOVE, anonymous), 0);
	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL), 0);
	fake_provider.rereg_mr = ONCE(ENOTSUP);
	assert_int_equal(rereg(mr, MOVE, anonymous), ENOTSUP);
	assert_record("rereg_mr, rereg_mr, rereg_mr");
	stack_dereg_ok(mr);
}

REREG_CASE(in_place__stays_guarded)
{
	static const int flags[] = {
		IBV_REREG_MR_CHANGE_PD,
		IBV_REREG_MR_CHANGE_ACCESS,
		IBV_REREG_MR_CHANGE_PD | IBV_REREG_MR_CHANGE_ACCESS,
	};
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	size_t i;

	record_clear();
	for (i = 0; i < N_OF(flags); i++)
		assert_int_equal(rereg(mr, flags[i], NULL), 0);
	assert_record("rereg_mr, rereg_mr, rereg_mr");
	assert_int_equal(stack_stats().bytes_guarded,
			 STACK_PAGES * page_size());
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

/* What is mapped there now says nothing of what is pinned. */
REREG_CASE(in_place_after_unmapping__the_lease_stays)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_int_equal(munmap(addr_a, STACK_PAGES * page_size()), 0);
	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_PD, NULL), 0);
	assert_leases(true, false);
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

static int moves_and_fails(struct ibv_mr *mr, int flags, void *addr,
			   size_t length)
{
	(void)fake_cmd_rereg_mr(mr, flags, addr, length);
	return ENOMEM;
}

/* Whether or not it was moved; nobody knows. */
static void fails_with(int (*cmd)(struct ibv_mr *, int, void *, size_t),
		       const struct file *file)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_provider.cmd_rereg_mr = cmd;
	fake_provider.rereg_mr = cmd ? NEVER : ONCE(ENOMEM);
	assert_int_equal(rereg(mr, MOVE, addr_b), ENOMEM);
	assert_leases(true, true);
	assert_int_equal(stack_stats().guarded_mrs, 1);
	record_clear();
	fake_break_begin(file);
	assert_true(fake_break_wait(file));
	assert_int_equal(fake_kernel_mr_count(), 0);
	fake_break_end(file);
	/* The keeper may give up one a moment before the other. */
	assert_true(fake_break_wait(STACK_A));
	assert_true(fake_break_wait(STACK_B));
	stack_dereg_ok(mr);
}

REREG_CASE(fails__the_old_file_is_broken)
{
	fails_with(NULL, STACK_A);
}

REREG_CASE(fails__the_new_file_is_broken)
{
	fails_with(NULL, STACK_B);
}

REREG_CASE(moves_and_fails__the_old_file_is_broken)
{
	fails_with(moves_and_fails, STACK_A);
}

REREG_CASE(moves_and_fails__the_new_file_is_broken)
{
	fails_with(moves_and_fails, STACK_B);
}

REREG_CASE(fails__both_leases_until_deregistered)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_provider.rereg_mr = ONCE(ENOMEM);
	assert_int_equal(rereg(mr, MOVE, addr_b), ENOMEM);
	assert_leases(true, true);
	stack_dereg_ok(mr);
	assert_leases(false, false);
}

REREG_CASE(fails_from_anonymous_memory__guarded)
{
	struct ibv_mr *mr = reg_anonymous();

	fake_provider.cmd_rereg_mr = moves_and_fails;
	assert_int_equal(rereg(mr, MOVE_AND_ACCESS, addr_a), ENOMEM);
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

REREG_CASE(fails_and_then_succeeds__only_the_last_file)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_provider.rereg_mr = ONCE(ENOMEM);
	assert_int_equal(rereg(mr, MOVE, addr_b), ENOMEM);
	assert_int_equal(rereg(mr, MOVE, addr_b), 0);
	assert_leases(false, true);
	stack_dereg_ok(mr);
}

REREG_CASE(new_file_refused__nothing_has_changed)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	fake_fcntl.set_lease = ONCE(EINVAL);
	assert_int_equal(rereg(mr, MOVE, addr_b), IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_null(strstr(record_text(), "rereg_mr"));
	assert_leases(true, false);
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

REREG_CASE(bad_arguments__EINVAL)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	errno = 0;
	assert_int_equal(verbs_wrap_ops.rereg_mr(mr, IBV_REREG_MR_CHANGE_PD,
						 NULL, NULL, 0, 0),
			 IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(rereg_as(mr, MOVE_AND_ACCESS, addr_b,
				  IBV_ACCESS_MW_BIND),
			 IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(rereg_as(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL,
				  IBV_ACCESS_ON_DEMAND),
			 IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_leases(true, false);
	stack_dereg_ok(mr);
}

/* Its handle can be that of another memory region by now. */
REREG_CASE(zombie__refused_and_the_heir_of_its_handle_stays)
{
	struct ibv_mr *zombie = stack_reg_file(STACK_A), *heir;

	stack_break(STACK_A);
	heir = stack_reg_file(STACK_B);
	assert_int_equal(heir->handle, zombie->handle);
	record_clear();
	assert_int_equal(rereg(zombie, MOVE, addr_a), IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(rereg(zombie, IBV_REREG_MR_CHANGE_PD, NULL),
			 IBV_REREG_MR_ERR_INPUT);
	assert_record("");
	stack_dereg_ok(zombie);
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(heir);
}

static bool has_failed(void *arg)
{
	return stack_stats().revoke_failures > 0;
}

REREG_CASE(cannot_be_revoked__can_be_moved_away)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_kernel_mr_stick(mr, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failed, NULL));
	assert_int_equal(rereg(mr, MOVE, addr_b), 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_leases(false, true);
	fake_kernel_mr_stick(NULL, 0, 0);
	stack_dereg_ok(mr);
}

static int takes_retired_key(struct ibv_mr *mr, int flags, void *addr,
			     size_t length)
{
	mr->lkey = mr->rkey = 0x77;
	return fake_cmd_rereg_mr(mr, flags, addr, length);
}

REREG_CASE(gets_a_retired_key__revoked)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	mr->lkey = mr->rkey = 0x77;
	stack_break(STACK_A);
	stack_dereg_ok(mr);

	mr = stack_reg_file(STACK_A);
	fake_provider.cmd_rereg_mr = takes_retired_key;
	assert_int_equal(rereg(mr, MOVE, addr_b), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_leases(false, false);
	stack_dereg_ok(mr);
}

/* Options stay with it, and events say what memory it is over now. */
REREG_CASE(with_events__they_name_the_new_memory)
{
	struct pinsafe_event_channel *channel = stack_channel();
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);
	struct pinsafe_event *event;
	struct ibv_mr *mr, *restored;

	attr.channel = channel;
	mr = stack_reg_attr(&attr);
	assert_int_equal(rereg(mr, MOVE, addr_b), 0);
	stack_break(STACK_B);
	event = stack_event(channel, PINSAFE_EVENT_REVOKED, mr);
	assert_ptr_equal(event->addr, addr_b);
	assert_int_equal(event->length, page_size());
	assert_string_equal(event->path, STACK_B->path);
	pinsafe_ack_event(event);

	assert_int_equal(pinsafe_mr_restore(mr, -1, 0, &restored), 0);
	assert_ptr_equal(restored->addr, addr_b);
	assert_int_equal(restored->length, page_size());
	stack_dereg_ok(restored);
	stack_dereg_ok(mr);
	stack_channel_end(channel);
}
