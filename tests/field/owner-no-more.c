// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A daemon that registers as root and then calls setuid(2) cannot give an
 * ordinary lease back (ceph#28012).  The log says so; the lease that stays
 * guards the next registration, too; whoever opens the file finds the memory
 * region revoked at once, but waits for all of lease-break-time; and after that
 * the way out that the log names works.
 *
 *   owner-no-more DIR
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define LEN (64UL << 10)
#define NOBODY 65534
#define BREAK_S 6 /* lease-break-time */
#define STEP_MS 30000
#define AT_ONCE_MS 4000

static struct verbs verbs;
static struct region region;

enum { OPEN, GIVE_AWAY };

/* The other process stays root. */
static int other(void *arg, long request)
{
	int fd;

	if (request == GIVE_AWAY)
		return chown(region.path, NOBODY, NOBODY) ? errno : 0;
	fd = open(region.path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* After setuid(2) the device refuses to take requests, which are write(2) here. */
static bool is_revoked(void *arg)
{
	return guard_stats().revoked_mrs == 1;
}

static void drop_privileges(void)
{
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		t_bail("setuid");
}

static void check_broken(struct t_child *child)
{
	struct t_child_result result;

	t_child_go(child, OPEN);
	t_ok(t_wait(is_revoked, NULL, AT_ONCE_MS) && !t_child_returned(child),
	     "revoked before the other process has the file open");
	if (!t_child_wait(child, STEP_MS, &result))
		t_bail("the open does not come back");
	t_zero(result.err, "the open by the other process, after %.0f ms",
	       t_ms(result.end_ns - result.begin_ns));
	t_ok(rerun_log_wait("CANNOT BE RELEASED", 2, STEP_MS),
	     "the log says that the lease could not be released");
	t_ok(!rerun_log_count("lease released after"), "and not that it was");
	region_deregister(&region);
}

static void check_way_out(struct t_child *child)
{
	errno = 0;
	t_ok(!ibv_reg_mr(verbs.pd, region.addr, LEN, VERBS_ACCESS) &&
		     errno == EACCES,
	     "then refused: %s", t_errname(errno));
	t_ok(rerun_log_count("run as the owner") > 0, "with the way out");
	t_zero(t_child_run(child, GIVE_AWAY, STEP_MS).err, "chown");
	/* way out: register after privileges were dropped and files given away */
	region_register(&region, &verbs);
	region_deregister(&region);
	t_ok(region_wait_no_lease(&region, AT_ONCE_MS), "no lease stays");
}

int main(int argc, char **argv)
{
	struct t_child child;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	guard_set_sysctl("lease-break-time", BREAK_S);
	files_path(region.path, argv[1], "owner");
	t_child_start(&child, other, NULL);
	verbs_open(&verbs);
	region_create(&region, argv[1], "owner", LEN);
	region_register(&region, &verbs);
	region_check_arrives(&region, &verbs, "as root");
	drop_privileges();
	region_deregister(&region);
	t_ok(rerun_log_count("CANNOT BE RELEASED") == 1,
	     "deregistered: the log says that the lease stays");
	region_register(&region, &verbs);
	t_ok(true, "registered again");
	check_broken(&child);
	check_way_out(&child);
	t_child_stop(&child);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
