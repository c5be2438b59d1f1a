// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A process that is killed in the middle of a stream, or that executes another
 * program, leaves no lease and no region; programs that it starts get none.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leaks.h"
#include "region.h"
#include "stream.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define STEP_MS 20000

static struct region region;
static struct stream stream;

enum { REGISTER, STREAM, SPAWN, SYSTEM, CLOSE, EXEC };

/* A program that waits until the test ends it */
static int spawn(void)
{
	char name[] = "sleep", seconds[] = "600";
	char *argv[] = {name, seconds, NULL};
	pid_t pid;

	return posix_spawnp(&pid, name, NULL, NULL, argv, environ);
}

static int holder(void *arg, long request)
{
	static struct verbs verbs;
	int err;

	switch (request) {
	case REGISTER:
		verbs_open(&verbs);
		region_register(&region, &verbs);
		return 0;
	case STREAM:
		stream_start(&stream, &verbs, region.addr, FILE_LEN,
			     region.mr->rkey);
		return 0;
	case SPAWN:
		return spawn();
	case SYSTEM:
		return system("sleep 600 & true") ? ECHILD : 0;
	case CLOSE:
		err = ibv_dereg_mr(region.mr);
		return err ?: verbs_close(&verbs);
	default:
		execlp("sleep", "sleep", "600", NULL);
		return errno;
	}
}

static void check_let_go(const struct leaks *before, const char *what)
{
	t_ok(region_wait_no_lease(&region, 5000), "%s: no lease is left", what);
	t_ok(leaks_wait_regions(before, 5000), "%s: no memory region is left",
	     what);
	region_check_truncate(&region, what);
}

static void start(struct t_child *child, const char *what)
{
	t_zero(t_child_run(child, REGISTER, STEP_MS).err, "%s: registered",
	       what);
	t_ok(region_leases(&region).held == 1, "%s: one lease", what);
}

static void starts_programs(struct t_child *child, const struct leaks *leaks)
{
	const char *what = "programs started";

	start(child, what);
	t_zero(t_child_run(child, SPAWN, STEP_MS).err, "posix_spawn");
	t_zero(t_child_run(child, SYSTEM, STEP_MS).err, "system");
	t_ok(region_leases(&region).held == 1, "%s: still one lease", what);
	t_zero(t_child_run(child, CLOSE, STEP_MS).err, "%s: deregistered",
	       what);
	check_let_go(leaks, what);
	t_child_stop(child);
}

static void executes(struct t_child *child, const struct leaks *leaks)
{
	start(child, "exec");
	t_child_go(child, EXEC);
	check_let_go(leaks, "exec");
	t_ok(!kill(child->pid, SIGKILL), "the program has run until now");
	t_child_stop(child);
}

static void is_killed(struct t_child *child, const struct leaks *leaks)
{
	start(child, "killed");
	t_zero(t_child_run(child, STREAM, STEP_MS).err, "killed: a stream");
	t_ok(stream_wait_successes(&stream, 20, STEP_MS),
	     "killed: the stream flows");
	kill(child->pid, SIGKILL);
	t_child_stop(child);
	/* The peer has regions of its own, in a process of its own */
	kill(stream.peer_pid, SIGKILL);
	waitpid(stream.peer_pid, NULL, 0);
	check_let_go(leaks, "killed");
}

int main(int argc, char **argv)
{
	struct t_child starter, executer, killed;
	struct leaks leaks;

	if (argc != 2)
		t_bail("usage: DIR");
	region_create(&region, argv[1], "ends", FILE_LEN);
	stream_fork_peer(&stream);
	t_child_start(&starter, holder, NULL);
	t_child_start(&executer, holder, NULL);
	t_child_start(&killed, holder, NULL);
	leaks = leaks_count();
	starts_programs(&starter, &leaks);
	executes(&executer, &leaks);
	is_killed(&killed, &leaks);
	region_destroy(&region);
	return t_done();
}
