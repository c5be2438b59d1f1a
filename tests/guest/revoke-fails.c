// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * When a memory region cannot be revoked, the breaker gets ETXTBSY, the file
 * keeps its blocks and the peer's writes; as soon as it can be, it is, and the
 * next breaker gets what it wants.
 *
 *   revoke-fails DIR
 */
#include <errno.h>
#include <sys/stat.h>

#include "child.h"
#include "fake-ioctl-gate.h"
#include "guard.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define BREAK_TIME_S 2
#define MANY 10	/* attempts; there is one every 10 ms */

static void check_stuck(struct region *region, struct verbs *verbs,
			struct t_child *child, int error)
{
	const char *name = t_errname(error);
	struct t_child_result res;
	unsigned failures = gate_failures();
	struct stat st;

	rerun_log_clear();
	region_register(region, verbs);
	gate_fail_destroy(region->mr->handle, error);
	res = t_child_run(child, 0, 60000);
	t_ok(res.err == ETXTBSY, "%s: truncate fails with %s after %.0f ms",
	     name, t_errname(res.err), t_ms(res.end_ns - res.begin_ns));
	t_ok(!fstat(region->fd, &st) && st.st_size == FILE_LEN,
	     "%s: the file keeps its size", name);
	region_check_alive(region, verbs, "not revoked");
	t_ok(gate_failures() - failures > MANY, "%s: tried again and again", name);
	t_ok(rerun_log_count("cannot be revoked") == 1, "%s: said once", name);
}

static void check_over(struct region *region, struct verbs *verbs,
		       struct t_child *child, uint64_t revoked)
{
	struct t_child_result res;

	gate_fail_destroy(0, 0);
	t_ok(guard_wait_revoked(revoked, 10000), "then it is revoked");
	region_check_revoked(region, verbs, "then");
	res = t_child_run(child, 0, 60000);
	t_zero(res.err, "truncate after %.1f ms",
	       t_ms(res.end_ns - res.begin_ns));
	region_deregister(region);
	t_ok(!region_leases(region).held, "no lease is left");
	region_truncate(region->path, FILE_LEN);
}

int main(int argc, char **argv)
{
	static struct region region;
	struct t_child child;
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	guard_set_sysctl("lease-break-time", BREAK_TIME_S);
	region_create(&region, argv[1], "stuck", FILE_LEN);
	t_child_start(&child, region_truncate, region.path);
	verbs_open(&verbs);
	check_stuck(&region, &verbs, &child, EBUSY);
	check_over(&region, &verbs, &child, 1);
	/* What a memory region with a bound window says */
	check_stuck(&region, &verbs, &child, EINVAL);
	check_over(&region, &verbs, &child, 2);
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&child);
	return t_done();
}
