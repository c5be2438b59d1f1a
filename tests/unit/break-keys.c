// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The kernel hands out the keys of revoked memory regions again: no memory
 * region of the program has one, whatever is under it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keyed.h"
#include "retired.h"

/* Of file a, deregistered at once; there is no other one with it. */
static void reg_gets(uint32_t lkey)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_true(keyed_is(mr, lkey));
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
}

/* A pair of keys was revoked, and the device has another pair next. */
static void retired_and_offered(uint32_t retired_lkey, uint32_t retired_rkey,
				uint32_t lkey, uint32_t rkey)
{
	keyed_revoke(retired_lkey, retired_rkey);
	keyed.n_keys = 0;
	keyed_next(lkey, rkey);
}

KEYED_CASE(guarded__registered_again_under_the_lease)
{
	struct ibv_mr *mr;

	keyed_revoke(0x77, 0x77);
	mr = stack_reg_file(STACK_A);
	assert_true(keyed_is(mr, 0x5000));
	assert_non_null(strstr(record_text(),
			       "lease a, reg_mr, reg_mr, dereg_mr, destroy 0"));
	assert_int_equal(fake_kernel_mr_count(), 1);
	assert_true(fake_lease_exists(STACK_A));
	assert_int_equal(stack_stats().refusals, 0);
	stack_dereg_ok(mr);
}

static void anonymous_with(int access)
{
	struct ibv_mr *mr;

	keyed_revoke(0x77, 0x77);
	mr = keyed_reg_anonymous(access);
	assert_true(keyed_is(mr, 0x5000));
	assert_record("reg_mr, reg_mr, dereg_mr, destroy 0");
	stack_dereg_ok(mr);
}

KEYED_CASE(anonymous__registered_again)
{
	anonymous_with(IBV_ACCESS_LOCAL_WRITE);
}

KEYED_CASE(program_asks_for_on_demand__registered_again)
{
	anonymous_with(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_ON_DEMAND);
}

KEYED_CASE(only_rkey_is_retired__registered_again)
{
	retired_and_offered(0x11, 0x12, 0x13, 0x12);
	reg_gets(0x5000);
}

/* What was a local key may come back as a remote one. */
KEYED_CASE(lkey_comes_back_as_rkey__registered_again)
{
	retired_and_offered(0x11, 0x12, 0x13, 0x11);
	reg_gets(0x5000);
}

KEYED_CASE(no_remote_access__rkey_0_means_nothing)
{
	retired_and_offered(0x11, 0, 0x13, 0);
	reg_gets(0x13);
	assert_non_null(strstr(record_text(), "lease a, reg_mr"));
}

static bool was_retired_in_time;

static void look(const struct ibv_mr *mr)
{
	was_retired_in_time = retired_has_key_of(mr);
}

/* Another thread may get the key as soon as the kernel's MR is gone. */
KEYED_CASE(revoked__retired_before_the_kernel_has_it_back)
{
	fake_kernel_mr.on_destroyed = look;
	was_retired_in_time = false;
	keyed_revoke(0x77, 0x77);
	assert_true(was_retired_in_time);
	fake_kernel_mr.on_destroyed = NULL;
}

KEYED_CASE(deregistered_by_the_program__may_come_back)
{
	keyed_next(0x77, 0x77);
	reg_gets(0x77);
	keyed_next(0x77, 0x77);
	reg_gets(0x77);
}

KEYED_CASE(zombie_still_there__its_key_is_retired)
{
	struct ibv_mr *zombie;

	keyed_next(0x77, 0x77);
	zombie = stack_reg_file(STACK_A);
	stack_break(STACK_A);
	keyed_next(0x77, 0x77);
	reg_gets(0x5000);
	stack_dereg_ok(zombie);
}

/* A device that reuses the last freed has all of them before a fresh one. */
KEYED_CASE(many_revoked__each_is_passed_over)
{
	uint32_t i;

	for (i = 1; i <= KEYED_MANY; i++) {
		keyed.n_keys = 0;
		keyed_revoke(i, i);
	}
	keyed.n_keys = 0;
	for (i = 1; i <= KEYED_MANY; i++)
		keyed_next(i, i);
	reg_gets(0x5000);
}

static int always_the_same(struct ibv_mr *mr)
{
	int r = fake_cmd_reg_mr(mr);

	mr->lkey = mr->rkey = 0x77;
	return r;
}

KEYED_CASE(always_retired__EADDRNOTAVAIL_and_nothing_is_left)
{
	keyed_revoke(0x77, 0x77);
	fake_provider.is_quiet = true;
	fake_kernel_mr.is_quiet = true;
	fake_provider.cmd_reg_mr = always_the_same;
	stack_reg_fails(EADDRNOTAVAIL);
	assert_int_equal(stack_stats().refusals, 1);
	assert_non_null(strstr(stack_log(), "that was revoked, 0x77"));
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_false(fake_lease_exists(STACK_A));
	/* way out: close the device and open it again */
	stack_close(&stack_device);
	stack_open(&stack_device, -1);
	stack_dereg_ok(stack_reg_file(STACK_A));
}

KEYED_CASE(no_room_for_another__ENOMEM_and_nothing_is_left)
{
	keyed_revoke(0x77, 0x77);
	keyed.n_alive = 0;
	keyed.limit = 1;
	stack_reg_fails(ENOMEM);
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_false(fake_lease_exists(STACK_A));
}

KEYED_CASE(no_room_for_another_anonymous__ENOMEM)
{
	keyed_revoke(0x77, 0x77);
	keyed.n_alive = 0;
	keyed.limit = 1;
	errno = 0;
	assert_null(keyed_reg_anonymous(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(fake_kernel_mr_count(), 0);
}

static struct ibv_mr *stuck;

static int first_one_sticks(struct ibv_mr *mr)
{
	int r = keyed_reg_mr(mr);

	if (mr->lkey == 0x77) {
		stuck = mr;
		fake_kernel_mr_stick(mr, 2, EBUSY);
	}
	return r;
}

KEYED_CASE(retired_one_cannot_go__keeps_the_lease_until_it_can)
{
	keyed_revoke(0x77, 0x77);
	fake_provider.cmd_reg_mr = first_one_sticks;
	stack_reg_fails(EADDRNOTAVAIL);
	assert_true(fake_lease_exists(STACK_A));
	assert_int_equal(fake_kernel_mr_count(), 1);
	assert_non_null(strstr(stack_log(), "CAN WRITE TO ITS MEMORY"));
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_close(&stack_device);
	free(stuck);
}

static void assert_said(uint32_t key, const char *text)
{
	char line[128];

	snprintf(line, sizeof(line), "lkey 0x%x %s", key, text);
	assert_non_null(strstr(stack_log(), line));
}

static struct ibv_mr *made[3];
static size_t n_made;

static int remember(struct ibv_mr *mr)
{
	made[n_made++] = mr;
	return keyed_reg_mr(mr);
}

static size_t n_left_at_unlock;

static void count_left(const struct file *file)
{
	n_left_at_unlock = fake_kernel_mr_count();
}

static bool have_failed(void *arg)
{
	return stack_stats().revoke_failures >= *(uint64_t *)arg;
}

/* Two retired keys and one that is not: nothing of it can be undone. */
KEYED_CASE(several_cannot_go__each_keeps_the_lease)
{
	uint64_t n = N_OF(made), i;

	keyed_revoke(0x77, 0x77);
	keyed.n_keys = 0;
	keyed_revoke(0x78, 0x78);
	keyed_next(0x77, 0x77);
	n_made = 0;
	fake_provider.cmd_reg_mr = remember;
	fake_kernel_mr_stick(NULL, -1, EBUSY);
	stack_reg_fails(EADDRNOTAVAIL);
	assert_int_equal(fake_kernel_mr_count(), n);
	assert_int_equal(stack_stats().guarded_mrs, n);
	assert_said(0x77, "has the key of one that was revoked");
	assert_said(0x78, "has the key of one that was revoked");
	assert_said(0x5000, "was to be undone");
	/* Each is tried, and the lease goes when all of them are gone. */
	n_left_at_unlock = n;
	fake_fcntl.on_unlock = count_left;
	fake_break_begin(STACK_A);
	assert_true(wait_until(have_failed, &n));
	assert_true(fake_lease_exists(STACK_A));
	fake_kernel_mr_stick(NULL, 0, 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_int_equal(n_left_at_unlock, 0);
	stack_close(&stack_device);
	for (i = 0; i < n; i++)
		free(made[i]);
}

KEYED_CASE(other_context__has_its_own_keys)
{
	struct device other;
	struct ibv_mr *mr;

	keyed_revoke(0x77, 0x77);
	stack_open(&other, -1);
	mr = stack_reg(&other, 0, STACK_PAGES);
	assert_true(keyed_is(mr, 0x77));
	stack_dereg_ok(mr);
	stack_close(&other);
}

KEYED_CASE(context_opened_again__keys_are_forgotten)
{
	struct ibv_mr *mr;

	keyed_revoke(0x77, 0x77);
	stack_close(&stack_device);
	stack_open(&stack_device, -1);
	mr = stack_reg(&stack_device, 0, STACK_PAGES);
	assert_true(keyed_is(mr, 0x77));
	stack_dereg_ok(mr);
}
