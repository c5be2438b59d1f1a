// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Threads that register and deregister ranges of the same files, while another
 * process truncates and extends these, neither crash nor wait for ever; each
 * ibv_dereg_mr() returns 0, and nothing is left in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define N_THREADS 8
#define N_FILES 3
#define FILE_LEN (1UL << 20)
#define PAGE 4096UL
#define RUN_NS 10000000000ULL
#define STOP_MS 30000

static struct region files[N_FILES];
static struct verbs verbs;
static atomic_bool stop;
static atomic_int registered, refused, failed, running;

/* Truncates to any length and back, for a while; worst time in ms */
static int truncate_at_random(void *worst_ms, long seed)
{
	uint64_t end = t_now_ns() + RUN_NS, ns, worst = 0;
	unsigned state = seed;
	struct timespec pause = {0, 0};
	const char *path;

	while (t_now_ns() < end) {
		path = files[rand_r(&state) % N_FILES].path;
		ns = t_now_ns();
		if (truncate(path, rand_r(&state) % FILE_LEN))
			return errno;
		ns = t_now_ns() - ns;
		if (ns > worst)
			worst = ns;
		if (truncate(path, FILE_LEN))
			return errno;
		/* Leaves the registrations a chance */
		pause.tv_nsec = rand_r(&state) % 20000000;
		nanosleep(&pause, NULL);
	}
	*(_Atomic uint64_t *)worst_ms = worst / 1000000;
	return 0;
}

static struct ibv_mr *register_range(unsigned *state)
{
	struct region *file = &files[rand_r(state) % N_FILES];
	size_t start = rand_r(state) % (FILE_LEN / PAGE) * PAGE;
	size_t length = 1 + rand_r(state) % (FILE_LEN - start);
	struct ibv_mr *mr;

	mr = ibv_reg_mr(verbs.pd, file->addr + start, length, VERBS_ACCESS);
	if (mr)
		registered++;
	else if (errno == EFAULT || errno == EAGAIN)
		refused++; /* beyond the end just then, or too busy */
	else
		failed++;
	return mr;
}

static void *work(void *arg)
{
	unsigned state = (uintptr_t)arg;
	struct ibv_mr *mrs[4] = {NULL};
	size_t i;

	while (!stop) {
		i = rand_r(&state) % 4;
		if (mrs[i] && ibv_dereg_mr(mrs[i]))
			failed++;
		mrs[i] = register_range(&state);
	}
	for (i = 0; i < 4; i++)
		if (mrs[i] && ibv_dereg_mr(mrs[i]))
			failed++;
	running--;
	return NULL;
}

static bool all_ended(void *arg)
{
	return !running;
}

static void check_end(void)
{
	struct pinsafe_stats stats = guard_stats();
	int i;

	t_ok(registered > 0, "%d registrations, %d refused as they must be",
	     registered, refused);
	t_ok(!failed, "%d other failures", failed);
	t_ok(stats.breaks > 0, "%llu leases broken, %llu regions revoked",
	     (unsigned long long)stats.breaks,
	     (unsigned long long)stats.revoked_mrs);
	t_ok(!stats.revoke_failures, "no revoke failed");
	t_ok(!stats.guarded_mrs && !stats.zombie_mrs, "no region is left");
	for (i = 0; i < N_FILES; i++)
		t_ok(region_wait_no_lease(&files[i], 2000),
		     "file %d: no lease is left", i);
	t_ok(!guard_stats().leases, "the library has no lease, either");
}

int main(int argc, char **argv)
{
	_Atomic uint64_t *worst_ms = t_shared(sizeof(*worst_ms));
	pthread_t threads[N_THREADS];
	struct t_child truncater;
	struct t_child_result result;
	char name[32];
	int i;

	if (argc != 2)
		t_bail("usage: DIR");
	for (i = 0; i < N_FILES; i++) {
		snprintf(name, sizeof(name), "threads-%d", i);
		region_create(&files[i], argv[1], name, FILE_LEN);
	}
	t_child_start(&truncater, truncate_at_random, (void *)worst_ms);
	verbs_open(&verbs);
	running = N_THREADS;
	for (i = 0; i < N_THREADS; i++)
		if (pthread_create(&threads[i], NULL, work,
				   (void *)(uintptr_t)(i + 1)))
			t_bail("pthread_create");
	result = t_child_run(&truncater, 4711, RUN_NS / 1000000 + STOP_MS);
	t_zero(result.err, "truncates at random");
	t_ok(*worst_ms < (uint64_t)guard_break_time_ms() / 2,
	     "the longest took %llu ms", (unsigned long long)*worst_ms);
	stop = true;
	if (!t_ok(t_wait(all_ended, NULL, STOP_MS), "all threads come back"))
		return t_done();
	for (i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	check_end();
	for (i = 0; i < N_FILES; i++)
		region_destroy(&files[i]);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&truncater);
	return t_done();
}
