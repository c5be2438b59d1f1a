// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Breaks that meet a registration: it waits, or is undone before the release;
 * and other threads that do.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/stack.h"
#include "verbs_wrap.h"

/* A registration of all of file a, by a thread */
struct registration {
	pthread_t thread;
	struct ibv_mr *mr;
	int error;
};

static void *register_main(void *arg)
{
	struct registration *reg = arg;

	reg->mr = stack_reg(&stack_device, 0, STACK_PAGES);
	reg->error = errno;
	return NULL;
}

static void start(struct registration *reg)
{
	assert_int_equal(pthread_create(&reg->thread, NULL, register_main, reg),
			 0);
}

static void finish(struct registration *reg)
{
	assert_int_equal(pthread_join(reg->thread, NULL), 0);
	assert_non_null(reg->mr);
}

static bool has_tried_twice(void *arg)
{
	/* Each try arms the signal, and there is no lease yet. */
	const char *first = strstr(record_text(), "signal a");

	return first && strstr(first + 1, "signal a");
}

STACK_CASE(lease_not_to_be_had__waits_for_the_end)
{
	struct registration reg = { 0 };

	fake_break_begin(STACK_A);
	start(&reg);
	assert_true(wait_until(has_tried_twice, NULL));
	record_clear();
	fake_break_end(STACK_A);
	finish(&reg);
	assert_int_equal(stack_stats().retakes, 1);
	assert_int_equal(stack_stats().registrations, 1);
	assert_int_equal(stack_stats().refusals, 0);
	assert_string_equal(strstr(record_text(), "lease a"),
			    "lease a, reg_mr");
	stack_dereg_ok(reg.mr);
}

static bool has_failures(void *arg)
{
	return stack_stats().revoke_failures >= *(uint64_t *)arg;
}

/* The lease is being broken but cannot be released yet. */
STACK_CASE(lease_is_breaking__not_shared)
{
	struct ibv_mr *stuck = stack_reg_file(STACK_A);
	struct registration reg = { 0 };
	uint64_t n = 1;

	fake_kernel_mr_stick(stuck, -1, EBUSY);
	fake_break_begin(STACK_A);
	assert_true(wait_until(has_failures, &n));
	record_clear();
	start(&reg);
	/* It must not come to reg_mr while more attempts are made. */
	n = stack_stats().revoke_failures + 3;
	assert_true(wait_until(has_failures, &n));
	fake_kernel_mr_stick(NULL, 0, 0);
	assert_true(fake_break_wait(STACK_A));
	assert_null(strstr(record_text(), "reg_mr"));
	fake_break_end(STACK_A);
	finish(&reg);
	assert_int_equal(stack_stats().guarded_mrs, 1);
	stack_dereg_ok(stuck);
	stack_dereg_ok(reg.mr);
}

static bool break_was_waited_for;

/* Somebody who removes blocks and takes his time about it */
static void *break_main(void *arg)
{
	break_was_waited_for = fake_break_wait(STACK_A);
	fake_break_end(STACK_A);
	return NULL;
}

static pthread_t breaking_thread;
static bool is_broken_in_register;

static bool has_break(void *arg)
{
	return stack_stats().breaks >= 1;
}

/* The kernel's part of the first registration, and a break that comes then */
static int break_in_register(struct ibv_mr *mr)
{
	int r = fake_cmd_reg_mr(mr);

	if (is_broken_in_register)
		return r;
	is_broken_in_register = true;
	fake_break_begin(STACK_A);
	if (!wait_until(has_break, NULL) || !fake_lease_exists(STACK_A))
		record("released under a registration");
	pthread_create(&breaking_thread, NULL, break_main, NULL);
	return r;
}

STACK_CASE(broken_in_the_middle__undone_before_unlock)
{
	struct ibv_mr *mr;

	is_broken_in_register = false;
	fake_provider.cmd_reg_mr = break_in_register;
	mr = stack_reg_file(STACK_A);
	assert_int_equal(pthread_join(breaking_thread, NULL), 0);
	assert_true(break_was_waited_for);
	assert_non_null(
		strstr(record_text(), "reg_mr, dereg_mr, destroy 0, unlock a"));
	assert_null(strstr(record_text(), "released under"));
	assert_int_equal(stack_stats().retakes, 1);
	assert_int_equal(stack_stats().revoked_mrs, 0);
	stack_dereg_ok(mr);
}

static char *anonymous;
static struct ibv_mr *last, *replaced;
static uint32_t replaced_lkey;

/* Other threads put a file there, and give the last lease back. */
static int replace_in_register(struct ibv_mr *mr)
{
	int r = fake_cmd_reg_mr(mr);

	replaced = mr;
	replaced_lkey = mr->lkey;
	fake_provider.cmd_reg_mr = fake_cmd_reg_mr;
	file_map(STACK_A, 0, 1, PROT_READ | PROT_WRITE, anonymous);
	stack_dereg_ok(last);
	return r;
}

static struct ibv_mr *register_replaced(void)
{
	struct ibv_mr *mr;

	anonymous = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(anonymous != MAP_FAILED);
	last = stack_reg_file(STACK_A);
	fake_provider.cmd_reg_mr = replace_in_register;
	errno = 0;
	mr = verbs_wrap_ops.reg_mr(&stack_device.pd, anonymous, page_size(),
				   (uintptr_t)anonymous,
				   IBV_ACCESS_LOCAL_WRITE);
	if (mr)
		return mr;
	assert_int_equal(errno, EAGAIN);
	munmap(anonymous, page_size());
	return NULL;
}

/* The kernel had pinned the file as long as that lease was there. */
STACK_CASE(replaced_as_the_last_lease_goes__guarded_then)
{
	struct ibv_mr *mr = register_replaced();

	assert_non_null(mr);
	assert_int_not_equal(mr->lkey, replaced_lkey);
	/* The first one is gone, and this one has a lease. */
	assert_int_equal(fake_kernel_mr_count(), 1);
	assert_true(fake_lease_exists(STACK_A));
	stack_dereg_ok(mr);
	munmap(anonymous, page_size());
}

static int cmd_dereg_mr(struct ibv_mr *mr)
{
	return mr == replaced ? EBUSY : verbs_wrap_cmd_dereg_mr(mr);
}

STACK_CASE(replaced_and_stuck__shouted)
{
	fake_provider.cmd_dereg_mr = cmd_dereg_mr;
	assert_null(register_replaced());
	assert_non_null(strstr(stack_log(), "THE DEVICE CAN GO ON TO USE IT"));
	assert_int_equal(fake_cmd_dereg_mr(replaced), 0);
	free(replaced);
}

static char pinned; /* the first byte of what was registered */

static int reg_other_memory(struct ibv_mr *mr)
{
	size_t size = STACK_PAGES * page_size();

	file_map(STACK_B, 0, STACK_PAGES, PROT_READ, stack_addr);
	pinned = *(char *)mr->addr;
	assert_ptr_equal(mmap(stack_addr, size, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_FIXED, STACK_A->fd, 0),
			 stack_addr);
	return fake_cmd_reg_mr(mr);
}

/* Neither look sees the other file, which is there just for the pin. */
STACK_CASE(replaced_for_the_pin_and_put_back__own_file)
{
	struct ibv_mr *mr;

	stack_addr[0] = 'a';
	stack_addr[STACK_PAGES * page_size()] = 'b';
	fake_provider.cmd_reg_mr = reg_other_memory;
	mr = stack_reg_file(STACK_A);
	assert_int_equal(pinned, 'a');
	assert_int_equal(stack_stats().registrations, 1);
	stack_dereg_ok(mr);
}
