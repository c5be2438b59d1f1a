// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What pinsafe_query_device() and pinsafe_check() say is what ibv_reg_mr()
 * does then, for each kind of memory, and to ask leaves no trace.
 *
 *   api-check
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "events.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (64UL << 10)

static struct verbs verbs;

/* By the counters */
static enum pinsafe_guard guard_of(const struct pinsafe_stats *before)
{
	struct pinsafe_stats now = guard_stats();

	if (now.registered_layout > before->registered_layout)
		return PINSAFE_GUARD_LAYOUT;
	if (now.registered_lease > before->registered_lease)
		return PINSAFE_GUARD_LEASE;
	if (now.registered_odp > before->registered_odp)
		return PINSAFE_GUARD_ODP;
	if (now.unprotected > before->unprotected)
		return PINSAFE_GUARD_NONE;
	return PINSAFE_GUARD_UNNEEDED;
}

/* What is registered, or refused for the same reason, in one line of the log */
static void check_agrees(void *addr, const struct pinsafe_check_result *result,
			 const char *what)
{
	struct pinsafe_stats before = guard_stats();
	struct ibv_mr *mr;

	mr = ibv_reg_mr(verbs.pd, addr, FILE_LEN, VERBS_ACCESS);
	t_ok((mr ? 0 : errno) == result->error, "%s: ibv_reg_mr: %s", what,
	     t_errname(mr ? 0 : errno));
	if (mr) {
		t_ok(result->guard == guard_of(&before) && !result->reason[0],
		     "%s: the guard is the same", what);
		t_zero(ibv_dereg_mr(mr), "%s: ibv_dereg_mr", what);
	} else {
		t_ok(rerun_log_count(result->reason) == 1,
		     "%s: the reason is the same", what);
	}
}

static struct pinsafe_check_result check(void *addr, const char *what)
{
	struct pinsafe_stats before = guard_stats(), after;
	struct pinsafe_check_result result;

	rerun_log_clear();
	t_zero(pinsafe_check(verbs.pd, addr, FILE_LEN, VERBS_ACCESS, &result,
			     sizeof(result)),
	       "%s: pinsafe_check", what);
	t_note("%s: error %s, guard %u, %s", what, t_errname(result.error),
	       result.guard, result.reason);
	after = guard_stats();
	t_ok(!memcmp(&before, &after, sizeof(before)), "%s: nothing is counted",
	     what);
	t_ok(!rerun_log_count("guard:"), "%s: nothing is logged", what);
	check_agrees(addr, &result, what);
	return result;
}

static void check_file(const char *variable, enum pinsafe_guard guard,
		       int error, const char *reason)
{
	struct pinsafe_check_result result;
	struct region region;

	region_create(&region, getenv(variable), "check", FILE_LEN);
	result = check(region.addr, variable);
	t_ok(result.error == error, "%s: %s was expected", variable,
	     t_errname(error));
	if (error)
		t_ok(strstr(result.reason, reason) != NULL,
		     "%s: the reason has: %s", variable, reason);
	else
		t_ok(result.guard == guard, "%s: guard %u was expected",
		     variable, guard);
	region_destroy(&region);
}

static void check_anonymous(void)
{
	void *addr = mmap(NULL, FILE_LEN, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		t_bail("mmap");
	t_ok(check(addr, "anonymous").guard == PINSAFE_GUARD_UNNEEDED,
	     "anonymous: needs no guard");
	munmap(addr, FILE_LEN);
}

static void check_device(bool has_layout)
{
	struct pinsafe_device_attr attr = {0};

	t_zero(pinsafe_query_device(verbs.context, &attr, sizeof(attr)),
	       "pinsafe_query_device");
	t_note("guards: 0x%x", attr.guards);
	t_ok(!!(attr.guards & PINSAFE_GUARD_BIT(PINSAFE_GUARD_LAYOUT)) ==
		     has_layout,
	     "layout leases: %s", has_layout ? "yes" : "no");
	t_ok(attr.guards & PINSAFE_GUARD_BIT(PINSAFE_GUARD_LEASE),
	     "ordinary leases: yes");
	t_ok(attr.is_hooked, "the context is hooked");
	t_ok(attr.lease_break_time_s * 1000 == guard_break_time_ms(),
	     "lease-break-time: %u s", attr.lease_break_time_s);
}

int main(int argc, char **argv)
{
	bool has_layout;

	rerun_with_log(argv);
	has_layout = getenv("PINSAFE_TEST_LEASES");
	events_open(&verbs);
	check_device(has_layout);
	if (has_layout) {
		check_file("PINSAFE_TEST_EXT4", PINSAFE_GUARD_LAYOUT, 0, "");
		check_file("PINSAFE_TEST_XFS", PINSAFE_GUARD_LAYOUT, 0, "");
	} else {
		check_file("PINSAFE_TEST_EXT4", 0, EOPNOTSUPP,
			   "no layout leases");
	}
	if (!strcmp(getenv("PINSAFE_TEST_VERSION"), "6.1"))
		check_file("PINSAFE_TEST_PAGECACHE",
			   guard_has_page_caches() ? PINSAFE_GUARD_LAYOUT
						   : PINSAFE_GUARD_LEASE,
			   0, "");
	else
		check_file("PINSAFE_TEST_PAGECACHE", 0, EFAULT, "since 6.5");
	check_file("PINSAFE_TEST_TMPFS", PINSAFE_GUARD_UNNEEDED, 0, "");
	check_anonymous();
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
