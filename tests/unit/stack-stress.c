// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Threads register, move, deregister and break at random.  Whenever a lease goes
 * no memory region is over its file, and in the end nothing is left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stress.h"
#include "verbs_wrap.h"

/* Half of them over both files */
static struct ibv_mr *reg_somewhere(unsigned int *seed)
{
	size_t first = rand_r(seed) % (STACK_FILES * STACK_PAGES);
	size_t left = STACK_FILES * STACK_PAGES - first;

	return stack_reg(&stack_device, first, 1 + rand_r(seed) % left);
}

static __thread bool is_in_dereg;
/* Of registrations that could not be undone; nobody else frees them. */
static struct ibv_mr *orphans[64];
static unsigned int n_orphans;

static int dereg(struct ibv_mr *mr)
{
	int r;

	is_in_dereg = true;
	/* EBUSY is what the fake kernel says now and then. */
	do {
		r = stack_dereg(mr);
	} while (r == EBUSY);
	is_in_dereg = false;
	return r;
}

static int cmd_dereg_mr(struct ibv_mr *mr)
{
	int r = verbs_wrap_cmd_dereg_mr(mr);
	unsigned int i;

	if (r && !is_in_dereg) {
		i = __atomic_fetch_add(&n_orphans, 1, __ATOMIC_SEQ_CST);
		if (i < N_OF(orphans))
			orphans[i] = mr;
	}
	return r;
}

/* Now and then it fails; whether it was moved then is nobody's to know. */
static int cmd_rereg_mr(struct ibv_mr *mr, int flags, void *addr, size_t length)
{
	static unsigned int n;
	unsigned int kind = __atomic_fetch_add(&n, 1, __ATOMIC_SEQ_CST) % 8;

	if (kind != 1)
		(void)fake_cmd_rereg_mr(mr, flags, addr, length);
	return kind < 2 ? ENOMEM : 0;
}

/* What it says does not matter: it may be revoked by now. */
static void move_somewhere(struct ibv_mr *mr, unsigned int *seed)
{
	size_t first = rand_r(seed) % (STACK_FILES * STACK_PAGES);
	size_t left = STACK_FILES * STACK_PAGES - first;

	(void)verbs_wrap_ops.rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL,
				      stack_addr + first * page_size(),
				      (1 + rand_r(seed) % left) * page_size(),
				      0);
}

static const char *operate(struct ibv_mr **mr, unsigned int *seed)
{
	int r;

	if (!*mr) {
		*mr = reg_somewhere(seed);
		return *mr ? NULL : strerrorname_np(errno);
	}
	if (rand_r(seed) % 2) {
		move_somewhere(*mr, seed);
		return NULL;
	}
	r = dereg(*mr);
	*mr = NULL;
	return r ? "dereg" : NULL;
}

/* Some revokes fail at first. */
static void let_stick(unsigned int *seed)
{
	if (rand_r(seed) % 4 == 0)
		fake_kernel_mr_stick(NULL, rand_r(seed) % 3, EBUSY);
}

STACK_CASE(sixteen_threads__nothing_is_left)
{
	static const struct stress stress = {
		.n_workers = 14,
		.n_operations = 300,
		.n_breaks = 60,
		.operate = operate,
		.dereg = dereg,
		.before_break = let_stick,
	};
	unsigned int n_operations, i;

	stack_dereg_ok(stack_reg_file(STACK_A));
	fake_provider.cmd_dereg_mr = cmd_dereg_mr;
	fake_provider.cmd_rereg_mr = cmd_rereg_mr;
	n_operations = stress_run(&stress);
	assert_true(stack_stats().revoked_mrs > 0);
	stack_close(&stack_device);
	for (i = 0; i < n_orphans && i < N_OF(orphans); i++)
		free(orphans[i]);
	print_message("%u operations, %d breaks, %d MRs revoked, %d retakes\n",
		      n_operations, (int)stack_stats().breaks,
		      (int)stack_stats().revoked_mrs,
		      (int)stack_stats().retakes);
}
