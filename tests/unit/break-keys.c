// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The kernel hands out the keys of revoked memory regions again: no memory
 * region of the program has one, whatever is under it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/stack.h"
#include "retired.h"
#include "verbs_wrap.h"

#define MANY 40

/* Keys, the next one first, as a device has them that reuses the last freed */
static uint32_t lkeys[2 * MANY + 2], rkeys[2 * MANY + 2];
static size_t n_keys;
static uint32_t fresh_key;
static size_t limit; /* MRs that the device has room for; 0: any number */
static size_t n_alive;

static void push(uint32_t lkey, uint32_t rkey)
{
	lkeys[n_keys] = lkey;
	rkeys[n_keys++] = rkey;
}

static int cmd_reg_mr(struct ibv_mr *mr)
{
	int r;

	if (limit && n_alive == limit)
		return ENOMEM;
	r = fake_cmd_reg_mr(mr);
	if (r)
		return r;
	n_alive++;
	if (n_keys) {
		mr->lkey = lkeys[--n_keys];
		mr->rkey = rkeys[n_keys];
	} else {
		mr->lkey = mr->rkey = fresh_key++;
	}
	return 0;
}

static int setup(void **state)
{
	n_keys = 0;
	n_alive = 0;
	limit = 0;
	fresh_key = 0x5000;
	if (stack_setup(state))
		return -1;
	fake_provider.cmd_reg_mr = cmd_reg_mr;
	return 0;
}

#define KEYS_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

/* Of file a, revoked; the device has @lkey and @rkey to give again. */
static void revoke_with(uint32_t lkey, uint32_t rkey)
{
	struct ibv_mr *mr;

	push(lkey, rkey);
	mr = stack_reg_file(STACK_A);
	assert_int_equal(mr->lkey, lkey);
	stack_break(STACK_A);
	stack_dereg_ok(mr);
	push(lkey, rkey);
	record_clear();
}

static bool is(const struct ibv_mr *mr, uint32_t lkey)
{
	return mr && mr->lkey == lkey;
}

/* Of file a, deregistered at once; there is no other one with it. */
static void reg_gets(uint32_t lkey)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_true(is(mr, lkey));
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
}

/* A pair of keys was revoked, and the device has another pair next. */
static void retired_and_offered(uint32_t retired_lkey, uint32_t retired_rkey,
				uint32_t lkey, uint32_t rkey)
{
	revoke_with(retired_lkey, retired_rkey);
	n_keys = 0;
	push(lkey, rkey);
}

KEYS_CASE(guarded__registered_again_under_the_lease)
{
	struct ibv_mr *mr;

	revoke_with(0x77, 0x77);
	mr = stack_reg_file(STACK_A);
	assert_true(is(mr, 0x5000));
	assert_non_null(strstr(record_text(),
			       "lease a, reg_mr, reg_mr, dereg_mr, destroy 0"));
	assert_int_equal(fake_kernel_mr_count(), 1);
	assert_true(fake_lease_exists(STACK_A));
	assert_int_equal(stack_stats().refusals, 0);
	stack_dereg_ok(mr);
}

static struct ibv_mr *reg_anonymous(char **ret_addr, int access)
{
	*ret_addr = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(*ret_addr, MAP_FAILED);
	return verbs_wrap_ops.reg_mr(&stack_device.pd, *ret_addr, page_size(),
				     (uintptr_t)*ret_addr, access);
}

static void anonymous_with(int access)
{
	struct ibv_mr *mr;
	char *addr;

	revoke_with(0x77, 0x77);
	mr = reg_anonymous(&addr, access);
	assert_true(is(mr, 0x5000));
	assert_record("reg_mr, reg_mr, dereg_mr, destroy 0");
	stack_dereg_ok(mr);
	munmap(addr, page_size());
}

KEYS_CASE(anonymous__registered_again)
{
	anonymous_with(IBV_ACCESS_LOCAL_WRITE);
}

KEYS_CASE(program_asks_for_on_demand__registered_again)
{
	anonymous_with(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_ON_DEMAND);
}

KEYS_CASE(only_rkey_is_retired__registered_again)
{
	retired_and_offered(0x11, 0x12, 0x13, 0x12);
	reg_gets(0x5000);
}

/* What was a local key may come back as a remote one. */
KEYS_CASE(lkey_comes_back_as_rkey__registered_again)
{
	retired_and_offered(0x11, 0x12, 0x13, 0x11);
	reg_gets(0x5000);
}

KEYS_CASE(no_remote_access__rkey_0_means_nothing)
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
KEYS_CASE(revoked__retired_before_the_kernel_has_it_back)
{
	fake_kernel_mr.on_destroyed = look;
	was_retired_in_time = false;
	revoke_with(0x77, 0x77);
	assert_true(was_retired_in_time);
	fake_kernel_mr.on_destroyed = NULL;
}

KEYS_CASE(deregistered_by_the_program__may_come_back)
{
	push(0x77, 0x77);
	reg_gets(0x77);
	push(0x77, 0x77);
	reg_gets(0x77);
}

KEYS_CASE(zombie_still_there__its_key_is_retired)
{
	struct ibv_mr *zombie;

	push(0x77, 0x77);
	zombie = stack_reg_file(STACK_A);
	stack_break(STACK_A);
	push(0x77, 0x77);
	reg_gets(0x5000);
	stack_dereg_ok(zombie);
}

/* A device that reuses the last freed has all of them before a fresh one. */
KEYS_CASE(many_revoked__each_is_passed_over)
{
	uint32_t i;

	for (i = 1; i <= MANY; i++) {
		n_keys = 0;
		revoke_with(i, i);
	}
	n_keys = 0;
	for (i = 1; i <= MANY; i++)
		push(i, i);
	reg_gets(0x5000);
}

static int always_the_same(struct ibv_mr *mr)
{
	int r = fake_cmd_reg_mr(mr);

	mr->lkey = mr->rkey = 0x77;
	return r;
}

KEYS_CASE(always_retired__EADDRNOTAVAIL_and_nothing_is_left)
{
	revoke_with(0x77, 0x77);
	fake_provider.is_quiet = true;
	fake_kernel_mr.is_quiet = true;
	fake_provider.cmd_reg_mr = always_the_same;
	errno = 0;
	assert_null(stack_reg(&stack_device, 0, STACK_PAGES));
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_int_equal(stack_stats().refusals, 1);
	assert_non_null(strstr(stack_log(), "that was revoked, 0x77"));
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_false(fake_lease_exists(STACK_A));
}

KEYS_CASE(no_room_for_another__ENOMEM_and_nothing_is_left)
{
	revoke_with(0x77, 0x77);
	n_alive = 0;
	limit = 1;
	errno = 0;
	assert_null(stack_reg(&stack_device, 0, STACK_PAGES));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_false(fake_lease_exists(STACK_A));
}

KEYS_CASE(no_room_for_another_anonymous__ENOMEM)
{
	char *addr;

	revoke_with(0x77, 0x77);
	n_alive = 0;
	limit = 1;
	errno = 0;
	assert_null(reg_anonymous(&addr, IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(fake_kernel_mr_count(), 0);
	munmap(addr, page_size());
}

static struct ibv_mr *stuck;

static int first_one_sticks(struct ibv_mr *mr)
{
	int r = cmd_reg_mr(mr);

	if (mr->lkey == 0x77) {
		stuck = mr;
		fake_kernel_mr_stick(mr, 2, EBUSY);
	}
	return r;
}

KEYS_CASE(retired_one_cannot_go__keeps_the_lease_until_it_can)
{
	revoke_with(0x77, 0x77);
	fake_provider.cmd_reg_mr = first_one_sticks;
	errno = 0;
	assert_null(stack_reg(&stack_device, 0, STACK_PAGES));
	assert_int_equal(errno, EADDRNOTAVAIL);
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
	return cmd_reg_mr(mr);
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
KEYS_CASE(several_cannot_go__each_keeps_the_lease)
{
	uint64_t n = N_OF(made), i;

	revoke_with(0x77, 0x77);
	n_keys = 0;
	revoke_with(0x78, 0x78);
	push(0x77, 0x77);
	n_made = 0;
	fake_provider.cmd_reg_mr = remember;
	fake_kernel_mr_stick(NULL, -1, EBUSY);
	errno = 0;
	assert_null(stack_reg(&stack_device, 0, STACK_PAGES));
	assert_int_equal(errno, EADDRNOTAVAIL);
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

static int takes_key(struct ibv_mr *mr, int flags, void *addr, size_t length)
{
	mr->lkey = mr->rkey = 0x77;
	return 0;
}

static int rereg(struct ibv_mr *mr)
{
	errno = 0;
	return verbs_wrap_ops.rereg_mr(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL,
				       NULL, 0, 0);
}

/* Memory of no file, while @key is retired; rereg() gives it 0x77. */
static struct ibv_mr *reg_for_rereg(uint32_t key, char **ret_addr)
{
	revoke_with(key, key);
	n_keys = 0;
	fake_provider.cmd_rereg_mr = takes_key;
	return reg_anonymous(ret_addr, IBV_ACCESS_LOCAL_WRITE);
}

/* On some devices it is a new memory region. */
KEYS_CASE(rereg_gets_a_retired_key__revoked)
{
	struct ibv_mr *mr;
	char *addr;

	mr = reg_for_rereg(0x77, &addr);
	record_clear();
	assert_int_equal(rereg(mr), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_record("rereg_mr, destroy 0");
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	assert_non_null(strstr(stack_log(), "so it is revoked, too"));
	/* As ibv_rereg_mr(3) says: it has to be deregistered. */
	stack_dereg_ok(mr);
	munmap(addr, page_size());
}

KEYS_CASE(rereg_cannot_be_revoked__shouted)
{
	struct ibv_mr *mr;
	char *addr;

	mr = reg_for_rereg(0x77, &addr);
	fake_kernel_mr_stick(mr, 1, EBUSY);
	assert_int_equal(rereg(mr), IBV_REREG_MR_ERR_CMD);
	assert_non_null(strstr(stack_log(), "CAN WRITE TO ITS MEMORY"));
	stack_dereg_ok(mr);
	munmap(addr, page_size());
}

KEYS_CASE(rereg_with_another_key__as_without_us)
{
	struct ibv_mr *mr;
	char *addr;

	mr = reg_for_rereg(0x78, &addr);
	assert_int_equal(rereg(mr), 0);
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
	munmap(addr, page_size());
}

KEYS_CASE(other_context__has_its_own_keys)
{
	struct device other;
	struct ibv_mr *mr;

	revoke_with(0x77, 0x77);
	stack_open(&other, -1);
	mr = stack_reg(&other, 0, STACK_PAGES);
	assert_true(is(mr, 0x77));
	stack_dereg_ok(mr);
	stack_close(&other);
}

KEYS_CASE(context_opened_again__keys_are_forgotten)
{
	struct ibv_mr *mr;

	revoke_with(0x77, 0x77);
	stack_close(&stack_device);
	stack_open(&stack_device, -1);
	mr = stack_reg(&stack_device, 0, STACK_PAGES);
	assert_true(is(mr, 0x77));
	stack_dereg_ok(mr);
}
