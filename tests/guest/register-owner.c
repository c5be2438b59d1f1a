// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Who may not take a lease on a file, or cannot find it any more, gets an
 * errno and the reason in the log; its owner needs no privilege, and an
 * unlinked file can be registered as long as it can be found.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "leaks.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define NOBODY 65534

static int try(struct verbs *verbs, struct region *region)
{
	errno = 0;
	region->mr =
		ibv_reg_mr(verbs->pd, region->addr, region->len, VERBS_ACCESS);
	if (!region->mr)
		return errno ?: -1;
	t_ok(guard_stats().guarded_mrs == 1 && guard_stats().leases == 1,
	     "the region is guarded");
	return 0;
}

/* With the effective user id go the effective capabilities, CAP_LEASE too */
static void become(uid_t uid)
{
	if (seteuid(uid))
		t_bail("seteuid(%d)", uid);
}

static void not_owner(struct verbs *verbs, struct region *region,
		      const char *what)
{
	int err;

	become(NOBODY);
	err = try(verbs, region);
	become(0);
	t_ok(err == EACCES, "not the owner, %s: %s", what, t_errname(err));
	t_ok(rerun_log_count("a lease is for the owner of a file") == 1,
	     "the log has the reason");
	rerun_log_clear();
}

static void unprivileged_owner(struct verbs *verbs, struct region *region,
			       struct t_child *truncater)
{
	if (chown(region->path, NOBODY, -1))
		t_bail("chown");
	/* way out: or give the program that capability */
	t_zero(try(verbs, region), "not the owner, with CAP_LEASE");
	region_deregister(region);
	become(NOBODY);
	/* way out: run as the owner */
	t_zero(try(verbs, region), "the owner, without privilege");
	if (!region->mr)
		t_bail("registering as the owner");
	t_zero(t_child_run(truncater, 0, guard_break_time_ms() / 2).err,
	       "truncate by root");
	t_ok(guard_stats().revoked_mrs == 1, "the region is revoked");
	region_deregister(region);
	become(0);
}

static void unlinked(struct verbs *verbs, struct region *region, uid_t uid)
{
	if (ftruncate(region->fd, region->len) || chown(region->path, uid, -1))
		t_bail("restoring the file");
	unlink(region->path);
	become(uid);
	t_zero(try(verbs, region), "unlinked, descriptor open, user %d", uid);
	region_deregister(region);
	become(0);
}

static void unlinked_and_closed(struct verbs *verbs, struct region *region)
{
	int err;

	close(region->fd);
	region->fd = -1;
	t_zero(try(verbs, region), "unlinked and closed, user 0");
	region_deregister(region);

	rerun_log_clear();
	become(NOBODY);
	err = try(verbs, region);
	become(0);
	t_ok(err, "unlinked and closed, user %d: %s", NOBODY, t_errname(err));
	t_ok(rerun_log_count("the program holds no descriptor of it") == 1,
	     "the log has the reason");
	region_deregister(region);
}

int main(int argc, char **argv)
{
	struct region region, first;
	struct t_child truncater;
	struct leaks leaks;
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	region_create(&region, argv[1], "owner", FILE_LEN);
	region_create(&first, argv[1], "owner-first", FILE_LEN);
	t_child_start(&truncater, region_truncate, region.path);
	verbs_open(&verbs);

	not_owner(&verbs, &region, "first registration");
	region_register(&first, &verbs);
	region_destroy(&first);
	leaks = leaks_count();
	not_owner(&verbs, &region, "later registration");
	unprivileged_owner(&verbs, &region, &truncater);
	unlinked(&verbs, &region, 0);
	region_destroy(&region);

	region_create(&region, argv[1], "owner", FILE_LEN);
	unlinked(&verbs, &region, NOBODY);
	unlinked_and_closed(&verbs, &region);
	region_destroy(&region);
	leaks.descriptors--;
	leaks_check(&leaks, "at the end");
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&truncater);
	return t_done();
}
