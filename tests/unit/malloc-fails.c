// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * One allocation after the other fails, whichever thread makes it: it is
 * registered all the same, or refused with ENOMEM, one sentence and a way out that
 * works; and nothing is left.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/rereg.h"
#include "lib/ways.h"
#include "policy/config.h"

/* How many go well; negative: all of them */
static atomic_int left = -1;

static bool fails_now(void)
{
	int now = atomic_load(&left);

	/* It passes by: the next one goes well. */
	return now >= 0 && atomic_fetch_sub(&left, 1) == 0;
}

#define WRAPPED(type, name, params, args)                      \
	type __real_##name params;                             \
	type __wrap_##name params;                             \
	type __wrap_##name params                              \
	{                                                      \
		if (fails_now()) {                             \
			errno = ENOMEM;                        \
			return NULL;                           \
		}                                              \
		return __real_##name args;                     \
	}

WRAPPED(void *, malloc, (size_t size), (size))
WRAPPED(void *, calloc, (size_t n, size_t size), (n, size))
WRAPPED(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size))
WRAPPED(char *, strdup, (const char *text), (text))

/* 0 or an errno */
typedef int register_fn(void);

static struct ibv_mr *mr;
static struct pinsafe_reg_attr attr;

static int reg(void)
{
	mr = stack_reg(&stack_device, 1, STACK_PAGES);
	return mr ? 0 : errno;
}

static int reg_attr(void)
{
	mr = pinsafe_reg_mr(&stack_device.pd, &attr, sizeof(attr));
	return mr ? 0 : errno;
}

static int move(void)
{
	return rereg(mr, MOVE_AND_ACCESS, addr_b) ? errno : 0;
}

static int restore(void)
{
	struct ibv_mr *new;
	int r = pinsafe_mr_restore(mr, 0, 0, &new);

	if (r)
		return r;
	(void)stack_dereg(mr);
	mr = new;
	return 0;
}

/* What each begins with */
static void nothing(void)
{
}

static void with_channel(void)
{
	attr = stack_attr(STACK_A);
	attr.channel = stack_channel();
}

static void ignore(const struct pinsafe_event *event)
{
}

static void with_handler(void)
{
	attr = stack_attr(STACK_A);
	attr.handler = ignore;
}

static void anonymous_one(void)
{
	mr = reg_anonymous();
}

static void guarded_one(void)
{
	with_channel();
	(void)reg_attr();
}

static void revoked_one(void)
{
	guarded_one();
	stack_break(STACK_A);
}

static const struct row {
	const char *name;
	void (*begin)(void);
	register_fn *fn;
} rows[] = {
	{ "two files", nothing, reg },
	{ "with events", with_channel, reg_attr },
	{ "with a handler", with_handler, reg_attr },
	{ "moved to a file", anonymous_one, move },
	{ "moved to another file", guarded_one, move },
	{ "restored", revoked_one, restore },
};

static const struct row *row;

struct result {
	int check;
	bool was_none; /* all allocations went well */
};

static int check_refused(int error)
{
	static const char refused[] = " refused with ENOMEM";
	const char *log = stack_log(), *one = strstr(log, refused);

	if (error != ENOMEM) {
		print_error("%s: %s\n", row->name, strerror(error));
		return 1;
	}
	if (!one || strstr(one + 1, refused) ||
	    !strstr(one, WAY("try again when there is more memory"))) {
		print_error("%s: \"%s\"\n", row->name, log);
		return 2;
	}
	/* What the sentence says: the memory is there again. */
	return row->fn() ? 3 : 0;
}

static int try(int n, bool *ret_was_none)
{
	int r;

	/* As it is where a device has been opened */
	(void)config_get();
	row->begin();
	if (truncate(getenv("PINSAFE_LOG_FILE"), 0))
		return 7;
	atomic_store(&left, n);
	r = row->fn();
	*ret_was_none = atomic_exchange(&left, -1) >= 0;
	r = r ? check_refused(r) : 0;
	if (r)
		return r;
	if (!mr || stack_stats().guarded_mrs != 1)
		return 4;
	if (stack_dereg(mr))
		return 5;
	return fake_lease_exists(STACK_A) || fake_lease_exists(STACK_B) ||
		       fake_kernel_mr_count() ?
		       6 :
		       0;
}

static void run(void *arg, void *ret_result)
{
	struct result *result = ret_result;

	result->check = try(*(int *)arg, &result->was_none);
}

static void each_fails(void **state)
{
	struct result result = { 0 };
	int n, status;

	row = *state;
	for (n = 0; !result.was_none; n++) {
		status = child_run(run, &n, &result, sizeof(result));
		if (status || result.check)
			fail_msg("allocation %d: check %d, status %d", n,
				 result.check, status);
	}
	/* There are some. */
	assert_true(n > 2);
}

int main(void)
{
	add_rows(rows, each_fails, rereg_setup, rereg_teardown);
	return run_cases();
}
