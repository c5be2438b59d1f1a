// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Children have the open file description that an ordinary lease is on: by
 * what they do none is dropped, and none outlives its holder, unless that is
 * killed.  Then whoever breaks the lease waits for lease-break-time and goes
 * on, with the region gone long before.
 *
 *   lease-fork DIR
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leaks.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define STEP_MS 20000
#define AT_ONCE_NS 1500000000ULL
#define SHORT_BREAK_TIME_S 3

/* What a holder does, and what it has a child do that it waits for */
enum {
	REGISTER,
	ALIVE,
	REVOKED,
	DEREGISTER,
	EXIT,
	CHILD_STAYS,
	PROGRAM_STAYS,
	CHILD_EXITS,
	CHILD_CLOSES,
	CHILD_REGISTERS,
	CHILD_EXECUTES,
};

static const char *directory;
static char name[32];
static struct region region;
static struct verbs verbs;
static _Atomic pid_t *orphans; /* of the latest holder; shared */

static int fork_and_stay(long request)
{
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (!pid && request == PROGRAM_STAYS)
		execlp("sleep", "sleep", "600", NULL);
	if (!pid)
		for (;;)
			pause();
	orphans[request == PROGRAM_STAYS] = pid;
	return 0;
}

/* The lease is on its own description, too, but not its own */
static int register_in_child(void)
{
	struct verbs child_verbs;
	struct ibv_mr *mr;

	verbs_open(&child_verbs);
	errno = 0;
	mr = ibv_reg_mr(child_verbs.pd, region.addr, region.len, VERBS_ACCESS);
	return mr ? 0 : errno;
}

static void child_body(long request)
{
	switch (request) {
	case CHILD_REGISTERS:
		exit(register_in_child());
	case CHILD_CLOSES:
		munmap(region.addr, region.len);
		close(region.fd);
		_exit(0);
	case CHILD_EXECUTES:
		execlp("true", "true", NULL);
		_exit(ENOEXEC);
	default:
		exit(0);
	}
}

static int fork_and_wait(long request)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid)
		child_body(request);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int start(void)
{
	if (!region.addr) {
		region_create(&region, directory, name, FILE_LEN);
		verbs_open(&verbs);
		/* For the programs */
		if (fcntl(region.fd, F_SETFD, 0))
			return errno;
	}
	if (ftruncate(region.fd, FILE_LEN))
		return errno;
	region_register(&region, &verbs);
	return 0;
}

static int is_alive(void)
{
	struct pinsafe_stats stats = guard_stats();

	if (stats.guarded_mrs != 1 || stats.leases != 1 || stats.zombie_mrs)
		return ENOLCK;
	return region_write(&region, &verbs, 0, 1) ? EIO : 0;
}

static int is_revoked(void)
{
	if (!guard_wait_revoked(1, STEP_MS) || guard_stats().breaks != 1)
		return EBUSY;
	return region_write(&region, &verbs, 0, 1) == IBV_WC_REM_ACCESS_ERR
		       ? 0
		       : EIO;
}

static int holder(void *arg, long request)
{
	int err;

	switch (request) {
	case REGISTER:
		return start();
	case ALIVE:
		return is_alive();
	case REVOKED:
		return is_revoked();
	case DEREGISTER:
		err = ibv_dereg_mr(region.mr);
		region.mr = NULL;
		return err;
	case EXIT:
		fflush(stdout);
		exit(0);
	case CHILD_STAYS:
	case PROGRAM_STAYS:
		return fork_and_stay(request);
	default:
		return fork_and_wait(request);
	}
}

/* Each holder has a file of its own, and the test has none of them open */
static void start_holder(struct t_child *child, struct region *seen,
			 const char *file)
{
	snprintf(name, sizeof(name), "%s", file);
	files_path(seen->path, directory, file);
	t_child_start(child, holder, NULL);
}

static void run(struct t_child *child, long request, const char *what)
{
	t_zero(t_child_run(child, request, STEP_MS).err, "%s", what);
}

static uint64_t truncate_here(const struct region *seen, const char *what)
{
	uint64_t ns = t_now_ns();
	int err = truncate(seen->path, 0) ? errno : 0;

	ns = t_now_ns() - ns;
	t_zero(err, "%s: truncate by another process in %.0f ms", what,
	       t_ms(ns));
	return ns;
}

static void check_lease(const struct region *seen, int n, const char *what)
{
	int ordinary = region_leases(seen).ordinary;

	t_ok(ordinary == n, "%s: %d leases on the file", what, ordinary);
}

static void kill_orphans(void)
{
	int i;

	for (i = 0; i < 2; i++)
		if (orphans[i])
			t_ok(!kill(orphans[i], SIGKILL),
			     "child %d has lived until now", i);
	orphans[0] = orphans[1] = 0;
}

static void check_children(struct t_child *child, const struct region *seen)
{
	static const struct {
		long request;
		int err;
		const char *what;
	} children[] = {
		{CHILD_EXITS, 0, "a child that exits"},
		{CHILD_CLOSES, 0, "a child that closes and unmaps the file"},
		{CHILD_EXECUTES, 0, "a program that has the descriptor"},
		{CHILD_REGISTERS, EBUSY, "a child that registers the memory"},
	};
	struct t_child_result result;
	unsigned i;

	run(child, REGISTER, "registered");
	for (i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		result = t_child_run(child, children[i].request, STEP_MS);
		t_ok(result.err == children[i].err, "%s: %s", children[i].what,
		     t_errname(result.err));
		check_lease(seen, 1, children[i].what);
		run(child, ALIVE, "the region is alive and guarded");
	}
}

/* The holder answers and lets go, whoever else has the description */
static void check_company(struct t_child *child, const struct region *seen)
{
	const char *what = "with a child and a program";

	run(child, CHILD_STAYS, "a child stays");
	run(child, PROGRAM_STAYS, "a program stays");
	t_ok(truncate_here(seen, what) < AT_ONCE_NS, "%s: at once", what);
	run(child, REVOKED, "the region is revoked");
	check_lease(seen, 0, "after the break");
	run(child, DEREGISTER, "deregistered");
	run(child, REGISTER, "registered again");
	check_lease(seen, 1, "registered again");
	run(child, DEREGISTER, "deregistered");
	check_lease(seen, 0, "deregistered");
	t_ok(truncate_here(seen, "no lease") < AT_ONCE_NS, "at once");
	kill_orphans();
}

static void check_exits(struct t_child *child, const struct region *seen)
{
	const char *what = "the holder exits, its children do not";
	struct leaks leaks = leaks_count();

	run(child, REGISTER, "registered");
	run(child, CHILD_STAYS, "a child stays");
	run(child, PROGRAM_STAYS, "a program stays");
	check_lease(seen, 1, "before");
	t_child_go(child, EXIT);
	waitpid(child->pid, NULL, 0);
	check_lease(seen, 0, what);
	t_ok(leaks_wait_regions(&leaks, STEP_MS),
	     "%s: no memory region is left", what);
	t_ok(truncate_here(seen, what) < AT_ONCE_NS, "%s: at once", what);
	kill_orphans();
}

/* Nobody can answer, and nobody else can let go of it */
static void check_killed(struct t_child *child, const struct region *seen,
			 long who, const char *what)
{
	struct leaks leaks = leaks_count();
	uint64_t ns;

	run(child, REGISTER, "registered");
	run(child, who, "a child stays");
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	t_ok(leaks_wait_regions(&leaks, STEP_MS),
	     "%s: no memory region is left", what);
	t_note("%s: %d leases are left", what, region_leases(seen).ordinary);
	ns = truncate_here(seen, what);
	t_ok(ns < SHORT_BREAK_TIME_S * 1000000000ULL + AT_ONCE_NS,
	     "%s: when lease-break-time is over", what);
	check_lease(seen, 0, what);
	kill_orphans();
}

int main(int argc, char **argv)
{
	static struct region seen[4];
	struct t_child children[4];
	int i;

	if (argc != 2)
		t_bail("usage: DIR");
	directory = argv[1];
	orphans = t_shared(2 * sizeof(*orphans));
	start_holder(&children[0], &seen[0], "fork-company");
	start_holder(&children[1], &seen[1], "fork-exits");
	start_holder(&children[2], &seen[2], "fork-killed");
	start_holder(&children[3], &seen[3], "fork-killed-program");

	check_children(&children[0], &seen[0]);
	check_company(&children[0], &seen[0]);
	check_exits(&children[1], &seen[1]);
	guard_set_sysctl("lease-break-time", SHORT_BREAK_TIME_S);
	check_killed(&children[2], &seen[2], CHILD_STAYS,
		     "killed, a child stays");
	check_killed(&children[3], &seen[3], PROGRAM_STAYS,
		     "killed, a program stays");
	for (i = 0; i < 4; i++) {
		t_child_stop(&children[i]);
		unlink(seen[i].path);
	}
	return t_done();
}
