// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program that closes or duplicates the descriptors of a registered file, or
 * unmaps it, changes nothing: the memory region works, and is guarded, until
 * it is deregistered.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (2UL << 20)

static void let_go_close(struct region *region)
{
	close(region->fd);
	region->fd = -1;
}

static void let_go_dup(struct region *region)
{
	int copy = dup(region->fd);

	if (copy < 0)
		t_bail("dup");
	close(region->fd);
	region->fd = -1;
	close(copy);
}

static void let_go_reopen(struct region *region)
{
	int other = open(region->path, O_RDWR | O_CLOEXEC);

	if (other < 0)
		t_bail("opening %s", region->path);
	close(other);
}

static void let_go_munmap(struct region *region)
{
	munmap(region->addr, region->len);
	region->addr = NULL;
}

static void let_go_all(struct region *region)
{
	let_go_munmap(region);
	let_go_close(region);
}

static const struct scenario {
	const char *name;
	void (*let_go)(struct region *region);
} scenarios[] = {
	{"descriptor closed", let_go_close},
	{"descriptor duplicated, both closed", let_go_dup},
	{"opened again and closed", let_go_reopen},
	{"unmapped", let_go_munmap},
	{"unmapped and closed", let_go_all},
};

#define N_SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

static void check(const struct scenario *scenario, struct region *region,
		  struct t_child *truncater, struct verbs *verbs)
{
	struct t_child_result result;

	region_register(region, verbs);
	scenario->let_go(region);
	region_check_alive(region, verbs, scenario->name);
	t_ok(region_leases(region).held == 1, "%s: the lease is held",
	     scenario->name);
	result = t_child_run(truncater, 0, guard_break_time_ms() / 2);
	t_zero(result.err, "%s: truncate returns in %.0f ms", scenario->name,
	       t_ms(result.end_ns - result.begin_ns));
	region_check_revoked(region, verbs, scenario->name);
	t_ok(!region_leases(region).held, "%s: no lease is left",
	     scenario->name);
	region_destroy(region);
}

int main(int argc, char **argv)
{
	struct t_child truncaters[N_SCENARIOS];
	struct region regions[N_SCENARIOS];
	struct verbs verbs;
	char name[32];
	size_t i;

	if (argc != 2)
		t_bail("usage: DIR");
	for (i = 0; i < N_SCENARIOS; i++) {
		snprintf(name, sizeof(name), "let-go-%zu", i);
		region_create(&regions[i], argv[1], name, FILE_LEN);
		t_child_start(&truncaters[i], region_truncate, regions[i].path);
	}
	verbs_open(&verbs);
	for (i = 0; i < N_SCENARIOS; i++)
		check(&scenarios[i], &regions[i], &truncaters[i], &verbs);
	t_zero(verbs_close(&verbs), "closing the device");
	for (i = 0; i < N_SCENARIOS; i++)
		t_child_stop(&truncaters[i]);
	return t_done();
}
