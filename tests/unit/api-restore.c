// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Register again what was revoked: a region of its own, over what is left */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/stack_api.h"

static struct pinsafe_reg_attr attr;
static struct ibv_mr *old, *new;

static int setup(void **state)
{
	stack_setup(state);
	attr = stack_attr(STACK_A);
	old = stack_reg_attr(&attr);
	new = NULL;
	return 0;
}

#define RESTORE_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

RESTORE_CASE(restored__region_of_its_own)
{
	stack_break(STACK_A);
	record_clear();
	assert_int_equal(pinsafe_mr_restore(old, -1, 0, &new), 0);
	assert_record("signal a, owner a, lease a, reg_mr");
	assert_ptr_not_equal(new, old);
	assert_ptr_equal(new->addr, attr.addr);
	assert_int_equal(new->length, attr.length);
	assert_int_equal(stack_stats().guarded_mrs, 1);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	/* The old one has the handle of the new one by now. */
	record_clear();
	stack_dereg_ok(old);
	assert_record("dereg_mr");
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(new);
}

RESTORE_CASE(restored__can_be_broken_again)
{
	struct ibv_mr *third;

	stack_break(STACK_A);
	assert_int_equal(pinsafe_mr_restore(old, -1, 0, &new), 0);
	stack_break(STACK_A);
	assert_int_equal(pinsafe_mr_restore(new, -1, 0, &third), 0);
	stack_dereg_ok(new);
	stack_dereg_ok(third);
	stack_dereg_ok(old);
}

/* The same file, or another registration of it: both are alive. */
RESTORE_CASE(restored_twice__two_regions)
{
	struct ibv_mr *other;

	stack_break(STACK_A);
	assert_int_equal(pinsafe_mr_restore(old, -1, 0, &new), 0);
	assert_int_equal(pinsafe_mr_restore(old, -1, 0, &other), 0);
	assert_ptr_not_equal(new, other);
	stack_dereg_ok(old);
	stack_dereg_ok(new);
	stack_dereg_ok(other);
}

RESTORE_CASE(alive__EINVAL)
{
	record_clear();
	assert_int_equal(pinsafe_mr_restore(old, -1, 0, &new), EINVAL);
	assert_null(new);
	assert_record("");
	stack_dereg_ok(old);
}

RESTORE_CASE(unknown__EINVAL)
{
	struct ibv_mr unknown = {.context = &stack_device.context};

	assert_int_equal(pinsafe_mr_restore(&unknown, -1, 0, &new), EINVAL);
	assert_int_equal(pinsafe_mr_restore(NULL, -1, 0, &new), EINVAL);
	stack_break(STACK_A);
	assert_int_equal(pinsafe_mr_restore(old, -1, 0, NULL), EINVAL);
	assert_int_equal(pinsafe_mr_restore(old, -1, 2, &new), EINVAL);
	assert_null(new);
	stack_dereg_ok(old);
}

RESTORE_CASE(breaker_not_done__EAGAIN_at_once)
{
	fake_break_begin(STACK_A);
	assert_true(fake_break_wait(STACK_A));
	assert_int_equal(pinsafe_mr_restore(old, 0, 0, &new), EAGAIN);
	assert_null(new);
	assert_int_equal(pinsafe_mr_restore(old, 20, 0, &new), EAGAIN);
	assert_null(new);
	fake_break_end(STACK_A);
	assert_int_equal(pinsafe_mr_restore(old, 0, 0, &new), 0);
	stack_dereg_ok(old);
	stack_dereg_ok(new);
}

RESTORE_CASE(released__can_be_restored)
{
	assert_int_equal(pinsafe_release(old), 0);
	assert_int_equal(pinsafe_mr_restore(old, 0, 0, &new), 0);
	stack_dereg_ok(old);
	stack_dereg_ok(new);
}

RESTORE_CASE(shorter_file__EFAULT)
{
	stack_break(STACK_A);
	assert_int_equal(ftruncate(STACK_A->fd, page_size()), 0);
	assert_int_equal(pinsafe_mr_restore(old, -1, 0, &new), EFAULT);
	assert_null(new);
	assert_false(fake_lease_exists(STACK_A));
	stack_dereg_ok(old);
}

RESTORE_CASE(shorter_file__cut_if_wanted)
{
	stack_break(STACK_A);
	assert_int_equal(ftruncate(STACK_A->fd, page_size() + 100), 0);
	assert_int_equal(
		pinsafe_mr_restore(old, -1, PINSAFE_RESTORE_SHORTER, &new), 0);
	assert_ptr_equal(new->addr, attr.addr);
	assert_int_equal(new->length, page_size() + 100);
	assert_int_equal(stack_stats().bytes_guarded, page_size() + 100);
	stack_dereg_ok(old);
	stack_dereg_ok(new);
}

/* By itself it is not known to be longer than when it was cut. */
RESTORE_CASE(cut_and_extended__as_the_one_it_restores)
{
	struct ibv_mr *third;

	stack_break(STACK_A);
	assert_int_equal(ftruncate(STACK_A->fd, page_size()), 0);
	assert_int_equal(
		pinsafe_mr_restore(old, -1, PINSAFE_RESTORE_SHORTER, &new), 0);
	stack_break(STACK_A);
	assert_int_equal(ftruncate(STACK_A->fd, STACK_PAGES * page_size()), 0);
	assert_int_equal(
		pinsafe_mr_restore(new, -1, PINSAFE_RESTORE_SHORTER, &third),
		0);
	assert_int_equal(third->length, page_size());
	stack_dereg_ok(third);
	assert_int_equal(
		pinsafe_mr_restore(old, -1, PINSAFE_RESTORE_SHORTER, &third),
		0);
	assert_int_equal(third->length, attr.length);
	stack_dereg_ok(third);
	stack_dereg_ok(new);
	stack_dereg_ok(old);
}

RESTORE_CASE(empty_file__EFAULT)
{
	stack_break(STACK_A);
	assert_int_equal(ftruncate(STACK_A->fd, 0), 0);
	assert_int_equal(
		pinsafe_mr_restore(old, -1, PINSAFE_RESTORE_SHORTER, &new),
		EFAULT);
	assert_null(new);
	stack_dereg_ok(old);
}

/* The range begins in the middle of a page and of the file. */
RESTORE_CASE(cut_in_the_second_file__up_to_there)
{
	struct ibv_mr *both;

	attr.addr = (char *)attr.addr + page_size() + 8;
	attr.length = (STACK_PAGES + 1) * page_size();
	both = stack_reg_attr(&attr);
	stack_break(STACK_B);
	assert_int_equal(ftruncate(STACK_B->fd, 100), 0);
	assert_int_equal(
		pinsafe_mr_restore(both, -1, PINSAFE_RESTORE_SHORTER, &new), 0);
	assert_int_equal(new->length,
			 (STACK_PAGES - 1) * page_size() - 8 + 100);
	stack_dereg_ok(both);
	stack_dereg_ok(new);
	stack_dereg_ok(old);
}

RESTORE_CASE(options__are_kept)
{
	struct pinsafe_event_channel *channel = stack_channel();
	struct pinsafe_event *event;
	struct ibv_mr *first;

	attr.channel = channel;
	attr.user_data = &attr;
	attr.comp_mask = PINSAFE_REG_GRACE | PINSAFE_REG_IOVA;
	attr.grace_ms = 60000;
	attr.iova = 0x1000;
	first = stack_reg_attr(&attr);
	assert_int_equal(pinsafe_release(first), 0);
	stack_event_is(channel, PINSAFE_EVENT_REVOKED, first);
	assert_int_equal(pinsafe_mr_restore(first, -1, 0, &new), 0);
	assert_int_equal(fake_provider.access, attr.access);
	fake_break_begin(STACK_A);
	event = stack_event(channel, PINSAFE_EVENT_BREAK, new);
	assert_ptr_equal(event->user_data, &attr);
	pinsafe_ack_event(event);
	stack_dereg_ok(new);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	stack_dereg_ok(first);
	stack_dereg_ok(old);
	stack_channel_end(channel);
}
