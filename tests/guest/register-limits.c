// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Registrations are guarded also when the program has no descriptor to spare
 * and when no signal can be queued; one that allows memory windows is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define TABLE_SIZE 64

static void truncate_and_check(struct region *region, struct verbs *verbs,
			       struct t_child *truncater, const char *what)
{
	struct t_child_result result;

	result = t_child_run(truncater, 0, guard_break_time_ms());
	t_zero(result.err, "%s: truncate returns in %.0f ms", what,
	       t_ms(result.end_ns - result.begin_ns));
	t_ok(result.end_ns - result.begin_ns <
		     guard_break_time_ms() * 1000000ULL / 2,
	     "%s: well before lease-break-time", what);
	region_check_revoked(region, verbs, what);
	region_deregister(region);
	if (ftruncate(region->fd, region->len))
		t_bail("extending the file");
}

struct full_table {
	struct rlimit old;
	int fds[TABLE_SIZE];
	int n;
};

static void fill_table(struct full_table *table)
{
	struct rlimit limit;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &table->old))
		t_bail("getrlimit");
	limit = table->old;
	limit.rlim_cur = TABLE_SIZE;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		t_bail("setrlimit");
	table->n = 0;
	while ((fd = dup(STDOUT_FILENO)) >= 0)
		table->fds[table->n++] = fd;
	if (errno != EMFILE)
		t_bail("filling the table");
}

static void empty_table(struct full_table *table)
{
	while (table->n)
		close(table->fds[--table->n]);
	if (setrlimit(RLIMIT_NOFILE, &table->old))
		t_bail("setrlimit");
}

static void no_descriptor(struct region *region, struct verbs *verbs,
			  const char *what)
{
	char *anonymous = malloc(FILE_LEN);
	struct full_table table;
	struct ibv_mr *mr;

	fill_table(&table);
	mr = ibv_reg_mr(verbs->pd, anonymous, FILE_LEN, VERBS_ACCESS);
	t_zero(mr ? 0 : errno, "%s: anonymous memory", what);
	if (mr)
		t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
	region->mr =
		ibv_reg_mr(verbs->pd, region->addr, FILE_LEN, VERBS_ACCESS);
	t_zero(region->mr ? 0 : errno, "%s: a DAX file", what);
	t_ok(guard_stats().guarded_mrs == 1, "%s: it is guarded", what);

	empty_table(&table);
	free(anonymous);
}

static void mw_bind(struct region *region, struct verbs *verbs)
{
	int err;

	rerun_log_clear();
	errno = 0;
	region->mr = ibv_reg_mr(verbs->pd, region->addr, FILE_LEN,
				VERBS_ACCESS | IBV_ACCESS_MW_BIND);
	err = region->mr ? 0 : errno;
	t_ok(err == EOPNOTSUPP, "with IBV_ACCESS_MW_BIND: %s", t_errname(err));
	t_ok(rerun_log_count("IBV_ACCESS_MW_BIND") == 1,
	     "the log has the reason");
	region_deregister(region);
	t_ok(!guard_leases(region->fd).held, "no lease is left");
}

int main(int argc, char **argv)
{
	struct rlimit none = {0, 0};
	struct t_child truncater;
	struct region region;
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	region_create(&region, argv[1], "limits", FILE_LEN);
	t_child_start(&truncater, region_truncate, region.path);
	verbs_open(&verbs);

	no_descriptor(&region, &verbs, "no descriptor, first registration");
	if (region.mr)
		truncate_and_check(&region, &verbs, &truncater,
				   "registered without a descriptor");
	no_descriptor(&region, &verbs, "no descriptor, later registration");
	region_deregister(&region);
	mw_bind(&region, &verbs);

	if (setrlimit(RLIMIT_SIGPENDING, &none))
		t_bail("setrlimit");
	region_register(&region, &verbs);
	t_ok(guard_stats().guarded_mrs == 1, "no signal queue: it is guarded");
	truncate_and_check(&region, &verbs, &truncater, "no signal queue");

	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&truncater);
	return t_done();
}
