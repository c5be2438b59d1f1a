// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A child that outlives its killed parent keeps no memory region, lease or
 * file busy, with ibv_fork_init() and without.
 */
#include <errno.h>
#include <signal.h>
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
static _Atomic pid_t *orphan; /* shared */

enum { WITHOUT_FORK_INIT, WITH_FORK_INIT };

/* The parent: everything that a child can inherit, then the child */
static int parent(void *arg, long variant)
{
	static struct verbs verbs;
	static struct ibv_qp *qp;
	pid_t pid;

	if (variant == WITH_FORK_INIT && ibv_fork_init())
		return ENOSYS;
	verbs_open(&verbs);
	qp = verbs_qp_create(&verbs);
	if (verbs_qp_connect(&verbs, qp, qp->qp_num))
		return EIO;
	region_register(&region, &verbs);
	pid = fork();
	if (pid < 0)
		return errno;
	if (!pid) {
		*orphan = getpid();
		for (;;)
			pause();
	}
	return 0;
}

static bool has_orphan(void *arg)
{
	return *orphan;
}

static void outlive(struct t_child *child, long variant)
{
	const char *what = variant == WITH_FORK_INIT ? "with ibv_fork_init"
						     : "without ibv_fork_init";
	struct leaks leaks = leaks_count();

	*orphan = 0;
	t_zero(t_child_run(child, variant, STEP_MS).err,
	       "%s: registered, forked", what);
	if (!t_wait(has_orphan, NULL, STEP_MS))
		t_bail("no child");
	t_ok(region_leases(&region).held == 1, "%s: one lease", what);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	t_ok(!kill(*orphan, 0), "%s: the parent is dead, the child is not",
	     what);
	t_ok(region_wait_no_lease(&region, 5000), "%s: no lease is left", what);
	t_ok(leaks_wait_regions(&leaks, 5000), "%s: no memory region is left",
	     what);
	region_check_truncate(&region, what);
}

/* After both, and with both children still alive */
static void register_here(void)
{
	struct verbs verbs;

	verbs_open(&verbs);
	region_register(&region, &verbs);
	region_check_alive(&region, &verbs, "another process");
	t_ok(region_leases(&region).held == 1, "another process: one lease");
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
}

int main(int argc, char **argv)
{
	struct t_child first, second;
	pid_t first_orphan;

	if (argc != 2)
		t_bail("usage: DIR");
	orphan = t_shared(sizeof(*orphan));
	region_create(&region, argv[1], "outlives", FILE_LEN);
	t_child_start(&first, parent, NULL);
	t_child_start(&second, parent, NULL);

	outlive(&first, WITHOUT_FORK_INIT);
	first_orphan = *orphan;
	outlive(&second, WITH_FORK_INIT);
	register_here();
	t_ok(!kill(first_orphan, SIGKILL) && !kill(*orphan, SIGKILL),
	     "the children have lived until now");
	return t_done();
}
