// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program that becomes a daemon and registers has its regions guarded; if
 * it registers and then becomes one, nothing of what it had stays busy, and
 * it can register again.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leaks.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define STEP_MS 20000

static struct region region;

enum { BECOME_DAEMON, OPEN, REGISTER, IS_ALIVE, IS_REVOKED, DEREGISTER };

/* The process changes on the way, its way to the test stays. */
static int program(void *arg, long request)
{
	static struct verbs verbs;
	int status;

	switch (request) {
	case BECOME_DAEMON:
		return daemon(1, 1) ? errno : 0;
	case OPEN:
		verbs_open(&verbs);
		return 0;
	case REGISTER:
		region.mr = ibv_reg_mr(verbs.pd, region.addr, FILE_LEN,
				       VERBS_ACCESS);
		return region.mr ? 0 : errno;
	case IS_ALIVE:
		status = region_write(&region, &verbs, 0, 1);
		return guard_stats().guarded_mrs == 1 && !status ? 0
								 : EKEYREVOKED;
	case IS_REVOKED:
		status = region_write(&region, &verbs, 0, 1);
		return guard_stats().revoked_mrs == 1 && status > 0 ? 0
								    : ENODATA;
	default:
		return ibv_dereg_mr(region.mr);
	}
}

static int step(struct t_child *child, long request)
{
	return t_child_run(child, request, STEP_MS).err;
}

static void guard_works(struct t_child *child, const char *what)
{
	t_zero(step(child, OPEN), "%s: opens the device", what);
	t_zero(step(child, REGISTER), "%s: registers", what);
	t_ok(region_leases(&region).held == 1, "%s: the lease is held", what);
	t_zero(step(child, IS_ALIVE), "%s: the region is guarded", what);
	region_check_truncate(&region, what);
	t_zero(step(child, IS_REVOKED), "%s: the region is revoked", what);
	t_zero(step(child, DEREGISTER), "%s: ibv_dereg_mr", what);
}

static void daemon_first(struct t_child *child)
{
	t_zero(step(child, BECOME_DAEMON), "daemon first");
	guard_works(child, "daemon first");
}

static void register_first(struct t_child *child, const struct leaks *leaks)
{
	t_zero(step(child, OPEN), "registration first: opens the device");
	t_zero(step(child, REGISTER), "registration first");
	t_zero(step(child, BECOME_DAEMON), "then daemon");
	/* Its end is when the kernel has dropped what it had */
	waitpid(child->pid, NULL, 0);
	t_ok(region_wait_no_lease(&region, 5000), "no lease is left");
	leaks_check(leaks, "then daemon");
	region_check_truncate(&region, "then daemon");
	t_zero(step(child, DEREGISTER), "ibv_dereg_mr in the daemon");
	guard_works(child, "with a new context");
}

int main(int argc, char **argv)
{
	struct t_child first, second;
	struct leaks leaks;

	if (argc != 2)
		t_bail("usage: DIR");
	region_create(&region, argv[1], "daemon", FILE_LEN);
	t_child_start(&first, program, NULL);
	t_child_start(&second, program, NULL);
	daemon_first(&first);
	t_child_stop(&first);
	leaks = leaks_count();
	register_first(&second, &leaks);
	t_child_stop(&second);
	region_destroy(&region);
	return t_done();
}
