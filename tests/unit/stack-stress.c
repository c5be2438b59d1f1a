// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Threads register, move, deregister and break at random.  Whenever a lease goes
 * no memory region is over its file, and in the end nothing is left.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stack.h"
#include "verbs_wrap.h"

#define N_WORKERS 14
#define N_BREAKERS 2	 /* one for each file */
#define N_OPERATIONS 300 /* of each worker at least */
#define N_BREAKS 60	 /* of each file */
#define N_MRS 8		 /* of each worker at a time */

struct worker {
	pthread_t thread;
	unsigned int seed;
	struct ibv_mr *mrs[N_MRS];
	const char *failure;
	unsigned int n_operations;
};

static unsigned int n_alive_at_unlock;
static unsigned int n_breakers_left = N_BREAKERS;

static void check_unlock(const struct file *file)
{
	size_t size = STACK_PAGES * page_size();

	if (fake_kernel_mr_covers(stack_addr + (file - stack_files) * size,
				  size))
		__atomic_add_fetch(&n_alive_at_unlock, 1, __ATOMIC_RELAXED);
}

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

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct ibv_mr **mr;
	int i;

	while (!worker->failure &&
	       (worker->n_operations++ < N_OPERATIONS ||
		__atomic_load_n(&n_breakers_left, __ATOMIC_SEQ_CST))) {
		mr = &worker->mrs[rand_r(&worker->seed) % N_MRS];
		if (*mr && rand_r(&worker->seed) % 2) {
			move_somewhere(*mr, &worker->seed);
		} else if (*mr) {
			if (dereg(*mr))
				worker->failure = "dereg";
			*mr = NULL;
		} else {
			*mr = reg_somewhere(&worker->seed);
			if (!*mr)
				worker->failure = strerrorname_np(errno);
		}
	}
	for (i = 0; i < N_MRS; i++)
		if (worker->mrs[i] && dereg(worker->mrs[i]))
			worker->failure = "dereg at the end";
	return NULL;
}

struct breaker {
	pthread_t thread;
	const struct file *file;
	unsigned int seed;
	uint64_t next_break; /* at so many registrations */
	bool failed;
};

/* Programs must get on between two breaks. */
static bool is_time_to_break(void *arg)
{
	struct breaker *breaker = arg;

	return stack_stats().registrations >= breaker->next_break &&
	       fake_lease_exists(breaker->file);
}

static void *break_again_and_again(void *arg)
{
	struct breaker *breaker = arg;
	int i;

	for (i = 0; i < N_BREAKS && !breaker->failed; i++) {
		breaker->next_break = stack_stats().registrations + 10 +
				      rand_r(&breaker->seed) % 40;
		if (!wait_until(is_time_to_break, breaker))
			breaker->failed = true;
		if (rand_r(&breaker->seed) % 4 == 0)
			fake_kernel_mr_stick(NULL, rand_r(&breaker->seed) % 3,
					     EBUSY);
		fake_break_begin(breaker->file);
		if (!fake_break_wait(breaker->file))
			breaker->failed = true;
		fake_break_end(breaker->file);
	}
	__atomic_sub_fetch(&n_breakers_left, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void sixteen_threads__nothing_is_left(void **state)
{
	static struct breaker breakers[N_BREAKERS];
	static struct worker workers[N_WORKERS];
	unsigned int n_operations = 0;
	size_t i;

	stack_dereg_ok(stack_reg_file(STACK_A));
	fake_fcntl.on_unlock = check_unlock;
	fake_fcntl.is_quiet = true;
	fake_provider.is_quiet = true;
	fake_provider.cmd_dereg_mr = cmd_dereg_mr;
	fake_provider.cmd_rereg_mr = cmd_rereg_mr;
	fake_kernel_mr.is_quiet = true;

	for (i = 0; i < N_WORKERS; i++) {
		workers[i].seed = i + 1;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]),
				 0);
	}
	for (i = 0; i < N_BREAKERS; i++) {
		breakers[i].seed = 1000 + i;
		breakers[i].file = &stack_files[i];
		assert_int_equal(pthread_create(&breakers[i].thread, NULL,
						break_again_and_again,
						&breakers[i]),
				 0);
	}
	for (i = 0; i < N_WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		n_operations += workers[i].n_operations;
	}
	for (i = 0; i < N_BREAKERS; i++)
		pthread_join(breakers[i].thread, NULL);

	for (i = 0; i < N_WORKERS; i++)
		if (workers[i].failure)
			fail_msg("a worker failed: %s", workers[i].failure);
	for (i = 0; i < N_BREAKERS; i++)
		assert_false(breakers[i].failed);
	assert_int_equal(n_alive_at_unlock, 0);
	assert_true(stack_stats().revoked_mrs > 0);
	stack_close(&stack_device);
	for (i = 0; i < n_orphans && i < N_OF(orphans); i++)
		free(orphans[i]);
	print_message("%u operations, %d breaks, %d MRs revoked, %d retakes\n",
		      n_operations, (int)stack_stats().breaks,
		      (int)stack_stats().revoked_mrs,
		      (int)stack_stats().retakes);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		STACK_CASE(sixteen_threads__nothing_is_left),
	};

	return STACK_MAIN(cases);
}
