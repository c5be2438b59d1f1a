// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * fork() while other threads register and deregister never leaves a lock
 * behind: each child ends by itself, and can register.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "region.h"
#include "t.h"

#define FILE_LEN (256UL << 10)
#define N_THREADS 3
#define MAX_FORKS 1000
#define REGISTER_EVERY 8
#define RUN_NS 10000000000ULL
#define CHILD_MS 30000

static struct region regions[N_THREADS];
static struct verbs verbs;
static atomic_bool stop;
static atomic_int registrations, failures;

static void *register_again_and_again(void *arg)
{
	struct region *region = arg;
	struct ibv_mr *mr;

	while (!stop) {
		mr = ibv_reg_mr(verbs.pd, region->addr, FILE_LEN, VERBS_ACCESS);
		if (!mr || ibv_dereg_mr(mr))
			failures++;
		registrations++;
	}
	return NULL;
}

/* In the child; t_bail() would print what the parent has not yet */
static int child_registers(struct region *region)
{
	struct verbs fresh;
	struct ibv_mr *mr;

	verbs_open(&fresh);
	mr = ibv_reg_mr(fresh.pd, region->addr, FILE_LEN, VERBS_ACCESS);
	if (!mr)
		return 1;
	if (guard_stats().guarded_mrs != 1)
		return 2;
	return ibv_dereg_mr(mr) || verbs_close(&fresh) ? 3 : 0;
}

/* Exit status of the child; -1 if it hung or died */
static int fork_once(int number)
{
	struct pollfd pfd = {.events = POLLIN};
	int status = -1;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		t_bail("fork");
	if (!pid)
		_exit(number % REGISTER_EVERY
			      ? 0
			      : child_registers(&regions[number % N_THREADS]));
	pfd.fd = pidfd_open(pid, 0);
	if (poll(&pfd, 1, CHILD_MS) != 1) {
		t_note("child %d hangs", number);
		kill(pid, SIGKILL);
	}
	close(pfd.fd);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	uint64_t end = t_now_ns() + RUN_NS;
	pthread_t threads[N_THREADS];
	int n, bad = 0, status;
	char name[32];

	if (argc != 2)
		t_bail("usage: DIR");
	for (n = 0; n < N_THREADS; n++) {
		snprintf(name, sizeof(name), "while-%d", n);
		region_create(&regions[n], argv[1], name, FILE_LEN);
	}
	verbs_open(&verbs);
	for (n = 0; n < N_THREADS; n++)
		if (pthread_create(&threads[n], NULL, register_again_and_again,
				   &regions[n]))
			t_bail("pthread_create");
	for (n = 0; n < MAX_FORKS && t_now_ns() < end && bad < 3; n++) {
		status = fork_once(n);
		if (status)
			t_note("child %d: status %d", n, status);
		bad += status != 0;
	}
	stop = true;
	t_ok(n > REGISTER_EVERY, "%d children, each %dth of which registers", n,
	     REGISTER_EVERY);
	t_ok(!bad, "%d of them failed", bad);
	for (n = 0; n < N_THREADS; n++)
		pthread_join(threads[n], NULL);
	t_ok(registrations > 0 && !failures,
	     "%d registrations here meanwhile, %d failed", registrations,
	     failures);
	t_ok(!guard_stats().guarded_mrs && !guard_stats().leases,
	     "nothing is left");
	for (n = 0; n < N_THREADS; n++)
		region_destroy(&regions[n]);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
