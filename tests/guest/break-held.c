// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * With on_break=hold under a layout lease whoever wants to take blocks away
 * fails with ETXTBSY, each time, the memory region lives on, and once it is
 * deregistered the blocks can go.
 */
#include <errno.h>
#include <stdlib.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define BREAK_MS 30000 /* lease-break-time is 1 s here */

static struct region region;

int main(int argc, char **argv)
{
	struct t_child child;
	struct verbs verbs;
	int i, err;

	if (argc != 2)
		t_bail("usage: DIR");
	if (!getenv("PINSAFE_ON_BREAK"))
		t_bail("PINSAFE_ON_BREAK is not set");
	guard_set_sysctl("lease-break-time", 1);
	region_create(&region, argv[1], "held", FILE_LEN);
	t_child_start(&child, region_truncate, region.path);
	verbs_open(&verbs);
	region_register(&region, &verbs);
	for (i = 0; i < 2; i++) {
		err = t_child_run(&child, 0, BREAK_MS).err;
		t_ok(err == ETXTBSY, "truncate by another process: %s",
		     t_errname(err));
		region_check_alive(&region, &verbs, "held");
		t_ok(guard_stats().guarded_mrs == 1 &&
			     !guard_stats().revoked_mrs,
		     "no memory region was revoked");
	}
	region_deregister(&region);
	t_zero(t_child_run(&child, 0, BREAK_MS).err,
	       "truncate once it is deregistered");
	t_ok(region_wait_no_lease(&region, 10000), "no lease is left");
	t_child_stop(&child);
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
