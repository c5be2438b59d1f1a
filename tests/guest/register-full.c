// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * On a full file system the registration of a sparse file fails with ENOSPC,
 * without a SIGBUS and without leaving anything behind, and it succeeds once
 * there is space.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leaks.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (8UL << 20)
#define SPACE_LEFT (2UL << 20)
#define TRIES 3

static void check_refused(struct region *region, struct verbs *verbs)
{
	struct pinsafe_stats before = guard_stats(), after;
	int err;

	errno = 0;
	region->mr =
		ibv_reg_mr(verbs->pd, region->addr, region->len, VERBS_ACCESS);
	err = region->mr ? 0 : errno;
	t_ok(err == ENOSPC, "ibv_reg_mr on a full file system: %s",
	     t_errname(err));
	after = guard_stats();
	t_ok(after.refusals == before.refusals + 1 && !after.guarded_mrs &&
		     !after.leases,
	     "the library counts a refusal, no region, no lease");
	t_ok(rerun_log_count("no space left") == 1,
	     "the log says that there is no space left");
	rerun_log_clear();
}

int main(int argc, char **argv)
{
	char filler[FILES_PATH_MAX];
	struct region region, before;
	struct verbs verbs;
	struct leaks leaks;
	struct ibv_mr *mr;
	struct stat st;
	int i;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	region_create(&region, argv[1], "full", FILE_LEN);
	region_create(&before, argv[1], "allocated", FILE_LEN);
	if (ftruncate(region.fd, 0) || ftruncate(region.fd, FILE_LEN))
		t_bail("making a sparse file");
	verbs_open(&verbs);
	/* What the library makes once and keeps is no leak */
	mr = ibv_reg_mr(verbs.pd, region.addr, 4096, VERBS_ACCESS);
	if (!mr || ibv_dereg_mr(mr))
		t_bail("registering the first page");
	files_fill_up(argv[1], "filler", SPACE_LEFT);
	files_path(filler, argv[1], "filler");

	leaks = leaks_count();
	for (i = 0; i < TRIES; i++)
		check_refused(&region, &verbs);
	leaks_check(&leaks, "after the failures");

	/* way out: or allocate the file beforehand */
	region_register(&before, &verbs);
	t_ok(true, "ibv_reg_mr of a file that has its blocks: ok");
	region_destroy(&before);
	/* way out: free some */
	unlink(filler);
	sync();
	region_register(&region, &verbs);
	t_ok(true, "ibv_reg_mr with space again: ok");
	t_ok(!fstat(region.fd, &st) && st.st_blocks * 512UL >= FILE_LEN,
	     "all blocks are allocated");
	region_check_arrives(&region, &verbs, "with space again");
	region_destroy(&region);
	leaks.descriptors -= 2;
	leaks_check(&leaks, "after the success");
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
