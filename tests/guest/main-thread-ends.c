// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program whose main thread has ended by pthread_exit() is guarded as before,
 * and when its last thread has ended, so has the program: as by exit(0), with
 * nothing left.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leaks.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define STEP_MS 20000

static struct region first, second;
/* Of the program, for the test to see */
static struct {
	atomic_int is_ready, may_end;
	int second_err, second_leases;
	atomic_int n_exits;
} *shared;

static bool main_has_ended(void *arg)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[128], state = '?';

	while (status && fgets(line, sizeof(line), status) &&
	       sscanf(line, "State: %c", &state) != 1)
		;
	if (status)
		fclose(status);
	return state == 'Z';
}

static bool is_set(void *flag)
{
	return atomic_load((atomic_int *)flag);
}

static int n_leases(const struct region *region)
{
	struct guard_leases leases = region_leases(region);

	return leases.held + leases.ordinary;
}

static void *go_on(void *verbs)
{
	struct ibv_pd *pd = ((struct verbs *)verbs)->pd;

	if (!t_wait(main_has_ended, NULL, STEP_MS))
		t_bail("the main thread does not end");
	second.mr =
		ibv_reg_mr(pd, second.addr, FILE_LEN,
			   IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
	shared->second_err = second.mr ? 0 : errno;
	shared->second_leases = n_leases(&second);
	atomic_store(&shared->is_ready, 1);
	if (!t_wait(is_set, &shared->may_end, STEP_MS))
		t_bail("the test does not go on");
	return NULL;
}

static void at_exit(void)
{
	atomic_fetch_add(&shared->n_exits, 1);
}

static int program(void *arg, long param)
{
	static struct verbs verbs;
	pthread_t thread;

	verbs_open(&verbs);
	region_register(&first, &verbs);
	if (atexit(at_exit) || pthread_create(&thread, NULL, go_on, &verbs))
		return EAGAIN;
	pthread_exit(NULL);
}

static void check_guarded(void)
{
	uint64_t ns;
	int err;

	t_ok(n_leases(&first) == 1,
	     "registered before the end of the main thread: one lease");
	if (shared->second_err)
		t_ok(!shared->second_leases,
		     "registered after it: refused with %s, no lease",
		     t_errname(shared->second_err));
	else
		t_ok(shared->second_leases == 1,
		     "registered after it: %d lease", shared->second_leases);
	ns = t_now_ns();
	err = truncate(first.path, 0) ? errno : 0;
	ns = t_now_ns() - ns;
	t_zero(err, "truncate");
	t_ok(ns < guard_break_time_ms() / 2 * 1000000ULL,
	     "it returns in %.0f ms, since the lease is given up", t_ms(ns));
}

struct ended {
	pid_t pid;
	int status;
};

static bool has_ended(void *arg)
{
	struct ended *ended = arg;

	return waitpid(ended->pid, &ended->status, WNOHANG) == ended->pid;
}

static bool regions_are_gone(void *before)
{
	return leaks_count().regions == ((struct leaks *)before)->regions;
}

static void check_end(pid_t pid, const struct leaks *before)
{
	struct ended ended = {.pid = pid};

	atomic_store(&shared->may_end, 1);
	t_ok(t_wait(has_ended, &ended, STEP_MS),
	     "the process ends with its last thread");
	t_ok(WIFEXITED(ended.status) && !WEXITSTATUS(ended.status),
	     "as by exit(0): status 0x%x", ended.status);
	t_ok(atomic_load(&shared->n_exits) == 1, "its exit handlers were run");
	t_ok(region_wait_no_lease(&first, STEP_MS) &&
		     region_wait_no_lease(&second, STEP_MS),
	     "no lease is left");
	t_ok(t_wait(regions_are_gone, (void *)(uintptr_t)before, STEP_MS),
	     "no memory region is left");
}

int main(int argc, char **argv)
{
	struct t_child child;
	struct leaks leaks;

	if (argc != 2)
		t_bail("usage: DIR");
	shared = t_shared(sizeof(*shared));
	region_create(&first, argv[1], "first", FILE_LEN);
	region_create(&second, argv[1], "second", FILE_LEN);
	t_child_start(&child, program, NULL);
	leaks = leaks_count();
	t_child_go(&child, 0);
	if (!t_wait(is_set, &shared->is_ready, STEP_MS))
		t_bail("the program does not register");
	check_guarded();
	check_end(child.pid, &leaks);
	t_child_stop(&child);
	region_destroy(&first);
	region_destroy(&second);
	return t_done();
}
