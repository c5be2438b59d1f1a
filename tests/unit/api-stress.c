// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Threads register, deregister, release, restore and sync at random, some with
 * an event channel, some with a handler and some with a time of grace, while
 * the files are broken again and again.  Whenever a lease goes no memory region
 * is over its file, and in the end nothing is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stack_api.h"

#define N_WORKERS 12
#define N_GETTERS 2
#define N_BREAKERS 2	 /* one for each file; 16 threads */
#define N_OPERATIONS 250 /* of each worker at least */
#define N_BREAKS 40	 /* of each file */
#define N_MRS 6		 /* of each worker at a time */

struct worker {
	pthread_t thread;
	unsigned int seed;
	struct ibv_mr *mrs[N_MRS];
	const char *failure;
};

static struct pinsafe_event_channel *channel;
static unsigned int n_alive_at_unlock, n_events, n_handled, n_restored;
static unsigned int n_breakers_left = N_BREAKERS, n_workers_left = N_WORKERS;

static void add(unsigned int *counter, int n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_SEQ_CST);
}

static unsigned int get(const unsigned int *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static void check_unlock(const struct file *file)
{
	size_t size = STACK_PAGES * page_size();

	if (fake_kernel_mr_covers(stack_addr + (file - stack_files) * size,
				  size))
		add(&n_alive_at_unlock, 1);
}

static void handle(const struct pinsafe_event *event)
{
	if (event->path[0] == '/')
		add(&n_handled, 1);
}

static struct ibv_mr *reg(unsigned int *seed)
{
	const size_t pages = STACK_FILES * STACK_PAGES;
	size_t first = rand_r(seed) % pages;
	struct pinsafe_reg_attr attr = {
		.comp_mask = PINSAFE_REG_GRACE | PINSAFE_REG_PREFAULT_THREADS,
		.addr = stack_addr + first * page_size(),
		.length = (1 + rand_r(seed) % (pages - first)) * page_size(),
		.access = IBV_ACCESS_LOCAL_WRITE,
		.grace_ms = rand_r(seed) % 3 ? 0 : 5,
		.prefault_threads = 1 + rand_r(seed) % 2,
	};

	switch (rand_r(seed) % 3) {
	case 0:
		attr.channel = channel;
		break;
	case 1:
		attr.handler = handle;
		break;
	}
	return pinsafe_reg_mr(&stack_device.pd, &attr, sizeof(attr));
}

/* In place of one that is revoked; the old one goes. */
static const char *restore(struct ibv_mr **mr, unsigned int *seed)
{
	struct ibv_mr *new_mr;
	int r;

	r = pinsafe_mr_restore(*mr, rand_r(seed) % 2 ? -1 : 0, 0, &new_mr);
	if (r == EINVAL || r == EAGAIN)
		return NULL;
	if (r)
		return strerrorname_np(r);
	add(&n_restored, 1);
	if (stack_dereg(*mr))
		return "dereg of a restored one";
	*mr = new_mr;
	return NULL;
}

static const char *sync_range(struct ibv_mr *mr)
{
	int r = pinsafe_sync(mr, 0, page_size(), 0);

	return r && r != EINVAL ? strerrorname_np(r) : NULL;
}

static const char *dereg(struct ibv_mr **mr)
{
	int r = stack_dereg(*mr);

	*mr = NULL;
	return r ? "dereg" : NULL;
}

static const char *operate(struct ibv_mr **mr, unsigned int *seed)
{
	if (!*mr) {
		*mr = reg(seed);
		return *mr ? NULL : strerrorname_np(errno);
	}
	switch (rand_r(seed) % 6) {
	case 0:
		return sync_range(*mr);
	case 1:
		return pinsafe_release(*mr) ? "release" : NULL;
	case 2:
	case 3:
		return restore(mr, seed);
	default:
		return dereg(mr);
	}
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	int i;

	for (i = 0;
	     !worker->failure && (i < N_OPERATIONS || get(&n_breakers_left));
	     i++)
		worker->failure =
			operate(&worker->mrs[rand_r(&worker->seed) % N_MRS],
				&worker->seed);
	for (i = 0; i < N_MRS; i++)
		if (worker->mrs[i] && dereg(&worker->mrs[i]))
			worker->failure = "dereg at the end";
	add(&n_workers_left, -1);
	return NULL;
}

/* The descriptor does not block: another thread may have been faster. */
static void *get_events(void *arg)
{
	struct pinsafe_event *event;

	while (get(&n_workers_left)) {
		(void)stack_has_event(channel, 10);
		if (pinsafe_get_event(channel, &event))
			continue;
		if (event->path[0] == '/')
			add(&n_events, 1);
		pinsafe_ack_event(event);
	}
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
		fake_break_begin(breaker->file);
		if (!fake_break_wait(breaker->file))
			breaker->failed = true;
		fake_break_end(breaker->file);
	}
	add(&n_breakers_left, -1);
	return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	assert_int_equal(pthread_create(thread, NULL, fn, arg), 0);
}

static void sixteen_threads__nothing_is_left(void **state)
{
	static struct breaker breakers[N_BREAKERS];
	static struct worker workers[N_WORKERS];
	pthread_t getters[N_GETTERS];
	size_t i;

	channel = stack_channel();
	assert_int_equal(
		fcntl(pinsafe_event_channel_fd(channel), F_SETFL, O_NONBLOCK),
		0);
	fake_fcntl.on_unlock = check_unlock;
	fake_fcntl.is_quiet = true;
	fake_provider.is_quiet = true;
	fake_kernel_mr.is_quiet = true;

	for (i = 0; i < N_GETTERS; i++)
		start(&getters[i], get_events, NULL);
	for (i = 0; i < N_WORKERS; i++) {
		workers[i].seed = i + 1;
		start(&workers[i].thread, work, &workers[i]);
	}
	for (i = 0; i < N_BREAKERS; i++) {
		breakers[i].seed = 1000 + i;
		breakers[i].file = &stack_files[i];
		start(&breakers[i].thread, break_again_and_again, &breakers[i]);
	}
	for (i = 0; i < N_WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < N_BREAKERS; i++)
		pthread_join(breakers[i].thread, NULL);
	for (i = 0; i < N_GETTERS; i++)
		pthread_join(getters[i], NULL);
	stack_channel_end(channel);

	for (i = 0; i < N_WORKERS; i++)
		if (workers[i].failure)
			fail_msg("a worker failed: %s", workers[i].failure);
	for (i = 0; i < N_BREAKERS; i++)
		assert_false(breakers[i].failed);
	assert_int_equal(get(&n_alive_at_unlock), 0);
	assert_true(get(&n_events) > 0 && get(&n_handled) > 0);
	assert_true(get(&n_restored) > 0);
	print_message("%u events, %u handled, %u restored, %d revoked\n",
		      get(&n_events), get(&n_handled), get(&n_restored),
		      (int)stack_stats().revoked_mrs);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		STACK_CASE(sixteen_threads__nothing_is_left),
	};

	return STACK_MAIN(cases);
}
