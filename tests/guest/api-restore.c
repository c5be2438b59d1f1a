// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A region whose file became shorter is restored over what is left, if the
 * program wants that: writes within reach the file, and beyond they fail.
 *
 *   api-restore DIR
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "events.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define LEFT 20488UL /* in the middle of a page */
#define STEP_MS 30000

static int write_at(struct region *region, struct verbs *verbs,
		    const struct ibv_mr *mr, size_t offset, uint64_t value)
{
	return verbs_write_once(verbs, &value, sizeof(value),
				region->addr + offset, mr->rkey);
}

static void check_shorter(struct region *region, struct verbs *verbs)
{
	struct ibv_mr *shorter = NULL, *again = NULL;
	uint64_t value = 0x73686f72746572, found = 0;
	int status;

	t_ok(pinsafe_mr_restore(region->mr, STEP_MS, 0, &shorter) == EFAULT &&
		     !shorter,
	     "the whole of it is not to be had");
	t_zero(pinsafe_mr_restore(region->mr, STEP_MS, PINSAFE_RESTORE_SHORTER,
				  &shorter),
	       "what is left of it is");
	if (!shorter)
		return;
	t_ok(shorter->length == LEFT, "%zu bytes", shorter->length);
	status = write_at(region, verbs, shorter, LEFT - sizeof(value), value);
	t_ok(!status, "RDMA WRITE at its end: %s", ibv_wc_status_str(status));
	t_ok(pread(region->fd, &found, sizeof(found), LEFT - sizeof(value)) ==
			     sizeof(found) &&
		     found == value,
	     "the file has the data");
	status = write_at(region, verbs, shorter, LEFT - 4, value);
	t_ok(status > 0, "RDMA WRITE beyond it: %s", ibv_wc_status_str(status));
	region_check_revoked(region, verbs, "old key");
	t_zero(ibv_dereg_mr(shorter), "ibv_dereg_mr of the shorter one");
	if (ftruncate(region->fd, FILE_LEN))
		t_bail("extending the file");
	t_zero(pinsafe_mr_restore(region->mr, STEP_MS, PINSAFE_RESTORE_SHORTER,
				  &again),
	       "all of it when the file has grown");
	if (!again)
		return;
	t_ok(again->length == FILE_LEN, "%zu bytes", again->length);
	status = write_at(region, verbs, again, FILE_LEN - 8, value);
	t_ok(!status, "RDMA WRITE at its end: %s", ibv_wc_status_str(status));
	t_zero(ibv_dereg_mr(again), "ibv_dereg_mr of the third");
}

int main(int argc, char **argv)
{
	static char path[FILES_PATH_MAX];
	struct t_child truncater;
	struct region region;
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(path, argv[1], "restore");
	t_child_start(&truncater, region_truncate, path);
	region_create(&region, argv[1], "restore", FILE_LEN);
	events_open(&verbs);
	region_register(&region, &verbs);
	t_ok(pinsafe_mr_restore(region.mr, 0, 0, &(struct ibv_mr *){NULL}) ==
		     EINVAL,
	     "one that is alive is not restored");
	t_zero(t_child_run(&truncater, LEFT, STEP_MS).err, "truncate");
	check_shorter(&region, &verbs);
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&truncater);
	return t_done();
}
