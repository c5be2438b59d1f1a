// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A child of a process with guarded regions can open the device again and
 * register; its regions are guarded on their own, and what it does with those
 * that it inherited does no harm to its parent.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define STEP_MS 20000

static struct region of_parent, of_child;
static struct verbs verbs;

enum { NO_GUARD, DEREGISTER_INHERITED, REGISTER, IS_ALIVE, IS_REVOKED, CLOSE };

/* The forked child, with all the state of its parent */
static int forked(void *arg, long request)
{
	static struct verbs fresh;
	struct pinsafe_stats stats = guard_stats();
	int status;

	switch (request) {
	case NO_GUARD:
		return stats.guarded_mrs || stats.leases ? EBUSY : 0;
	case DEREGISTER_INHERITED:
		/* Any result will do, but it must return one. */
		(void)ibv_dereg_mr(of_parent.mr);
		return 0;
	case REGISTER:
		verbs_open(&fresh);
		of_child.mr = ibv_reg_mr(fresh.pd, of_child.addr, FILE_LEN,
					 VERBS_ACCESS);
		return of_child.mr ? 0 : errno;
	case IS_ALIVE:
		status = region_write(&of_child, &fresh, 0, 1);
		return stats.guarded_mrs == 1 && !status ? 0 : EKEYREVOKED;
	case IS_REVOKED:
		status = region_write(&of_child, &fresh, 0, 1);
		return stats.revoked_mrs == 1 && status > 0 ? 0 : ENODATA;
	default:
		return ibv_dereg_mr(of_child.mr) ?: verbs_close(&fresh);
	}
}

static int step(struct t_child *child, long request)
{
	return t_child_run(child, request, STEP_MS).err;
}

static void run(const char *what, struct t_child *truncater)
{
	struct t_child child;

	region_register(&of_parent, &verbs);
	region_check_alive(&of_parent, &verbs, what);
	t_child_start(&child, forked, NULL);
	t_zero(step(&child, NO_GUARD), "%s: the child starts with no guard",
	       what);
	t_zero(step(&child, DEREGISTER_INHERITED),
	       "%s: the child deregisters what it inherited", what);
	region_check_alive(&of_parent, &verbs, what);
	t_ok(region_leases(&of_parent).held == 1, "%s: the parent's lease",
	     what);

	t_zero(step(&child, REGISTER), "%s: the child registers", what);
	t_ok(region_leases(&of_child).held == 1, "%s: the child's lease", what);
	t_zero(step(&child, IS_ALIVE), "%s: the child's region is guarded",
	       what);
	t_zero(t_child_run(truncater, 0, guard_break_time_ms() / 2).err,
	       "%s: truncate of the child's file", what);
	t_zero(step(&child, IS_REVOKED), "%s: the child's region is revoked",
	       what);
	t_zero(step(&child, CLOSE), "%s: the child cleans up", what);
	if (ftruncate(of_child.fd, FILE_LEN))
		t_bail("extending the file");
	t_child_stop(&child);
	region_check_alive(&of_parent, &verbs, what);
	t_ok(!guard_stats().breaks && guard_stats().guarded_mrs == 1,
	     "%s: the parent has seen nothing of it", what);
	region_deregister(&of_parent);
}

int main(int argc, char **argv)
{
	struct t_child truncater, of_parents;

	if (argc != 2)
		t_bail("usage: DIR");
	region_create(&of_parent, argv[1], "parent", FILE_LEN);
	region_create(&of_child, argv[1], "child", FILE_LEN);
	t_child_start(&truncater, region_truncate, of_child.path);
	t_child_start(&of_parents, region_truncate, of_parent.path);
	verbs_open(&verbs);
	run("first child", &truncater);
	run("second child", &truncater);

	region_register(&of_parent, &verbs);
	t_zero(t_child_run(&of_parents, 0, guard_break_time_ms() / 2).err,
	       "truncate of the parent's file");
	region_check_revoked(&of_parent, &verbs, "the parent");
	region_destroy(&of_parent);
	region_destroy(&of_child);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&truncater);
	t_child_stop(&of_parents);
	return t_done();
}
