// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <pthread.h>
#include <stdlib.h>

#include "stress.h"

#define WORKERS_MAX 16

static const struct stress *stress;
static unsigned int n_alive_at_unlock, n_breakers_left;

struct worker {
	pthread_t thread;
	unsigned int seed;
	struct ibv_mr *mrs[STRESS_MRS];
	const char *failure;
	unsigned int n_operations;
};

static void check_unlock(const struct file *file)
{
	size_t size = STACK_PAGES * page_size();

	if (fake_kernel_mr_covers(stack_addr + (file - stack_files) * size,
				  size))
		__atomic_add_fetch(&n_alive_at_unlock, 1, __ATOMIC_SEQ_CST);
}

static bool has_more_to_do(const struct worker *worker)
{
	return !worker->failure &&
	       (worker->n_operations < stress->n_operations ||
		__atomic_load_n(&n_breakers_left, __ATOMIC_SEQ_CST));
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct ibv_mr **mr;
	int i;

	for (; has_more_to_do(worker); worker->n_operations++) {
		mr = &worker->mrs[rand_r(&worker->seed) % STRESS_MRS];
		worker->failure = stress->operate(mr, &worker->seed);
	}
	for (i = 0; i < STRESS_MRS; i++)
		if (worker->mrs[i] && stress->dereg(worker->mrs[i]))
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
	unsigned int i;

	for (i = 0; i < stress->n_breaks && !breaker->failed; i++) {
		breaker->next_break = stack_stats().registrations + 10 +
				      rand_r(&breaker->seed) % 40;
		if (!wait_until(is_time_to_break, breaker))
			breaker->failed = true;
		if (stress->before_break)
			stress->before_break(&breaker->seed);
		fake_break_begin(breaker->file);
		if (!fake_break_wait(breaker->file))
			breaker->failed = true;
		fake_break_end(breaker->file);
	}
	__atomic_sub_fetch(&n_breakers_left, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	assert_int_equal(pthread_create(thread, NULL, fn, arg), 0);
}

unsigned int stress_run(const struct stress *to_run)
{
	static struct breaker breakers[STACK_FILES];
	static struct worker workers[WORKERS_MAX];
	unsigned int i, n_operations = 0;

	assert_true(to_run->n_workers <= WORKERS_MAX);
	stress = to_run;
	n_breakers_left = STACK_FILES;
	fake_fcntl.on_unlock = check_unlock;
	fake_fcntl.is_quiet = true;
	fake_provider.is_quiet = true;
	fake_kernel_mr.is_quiet = true;

	for (i = 0; i < stress->n_workers; i++) {
		workers[i].seed = i + 1;
		start(&workers[i].thread, work, &workers[i]);
	}
	for (i = 0; i < STACK_FILES; i++) {
		breakers[i].seed = 1000 + i;
		breakers[i].file = &stack_files[i];
		start(&breakers[i].thread, break_again_and_again, &breakers[i]);
	}
	for (i = 0; i < stress->n_workers; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < STACK_FILES; i++)
		pthread_join(breakers[i].thread, NULL);

	for (i = 0; i < stress->n_workers; i++) {
		if (workers[i].failure)
			fail_msg("a worker failed: %s", workers[i].failure);
		n_operations += workers[i].n_operations;
	}
	for (i = 0; i < STACK_FILES; i++)
		assert_false(breakers[i].failed);
	assert_int_equal(n_alive_at_unlock, 0);
	return n_operations;
}
