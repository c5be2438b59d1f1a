// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Who gives layout leases: what sysfs shows, and what fcntl(2) says */
#include <errno.h>
#include <stdlib.h>

#include "fakes/fake_open.h"
#include "lib/provided.h"
#include "lib/test.h"
#include "machine/lease_provider.h"

static struct lease_provider found;

static void find(void)
{
	lease_provider_find(&found);
}

static bool lacks(const char *fs_name)
{
	struct cause cause = { .kind = CAUSE_UNKNOWN };

	return lease_provider_why_not(&found, fs_name, &cause) &&
	       cause.kind == CAUSE_NOT_THAT_FS;
}

#define PROVIDER_CASE(fn) CASE_WITH(fn, provided_setup, NULL)

PROVIDER_CASE(neither__none)
{
	find();
	assert_int_equal(found.kind, PROVIDER_NONE);
	assert_string_equal(lease_provider_name(&found), "nobody");
	assert_false(lease_provider_is_dead(&found));
	assert_false(lacks("ext4"));
}

PROVIDER_CASE(kernel_refuses_a_file_of_proc__it_has_them)
{
	provided_lease_error = EOPNOTSUPP;
	find();
	assert_int_equal(found.kind, PROVIDER_KERNEL);
	assert_string_equal(lease_provider_name(&found), "the kernel");
}

/* There is no errno for whom has not tried to be root. */
PROVIDER_CASE(kernel_asks_for_privileges__it_has_them)
{
	provided_lease_error = EACCES;
	find();
	assert_int_equal(found.kind, PROVIDER_KERNEL);
}

PROVIDER_CASE(leases_turned_off__nobody_can_tell)
{
	fake_open_file("/proc/sys/fs/leases-enable", "0\n");
	find();
	assert_int_equal(found.kind, PROVIDER_UNKNOWN);
	fake_open_fails("/proc/sys/fs/leases-enable", ENOENT);
	find();
	assert_int_equal(found.kind, PROVIDER_UNKNOWN);
}

PROVIDER_CASE(module)
{
	provided_module("1.2", "ok", "ext4 xfs");
	provided_lease_error = EOPNOTSUPP;
	find();
	assert_int_equal(found.kind, PROVIDER_MODULE);
	assert_string_equal(lease_provider_name(&found),
			    "the module layout_lease 1.2");
	assert_string_equal(found.state, "ok");
	assert_false(lease_provider_is_dead(&found));
}

PROVIDER_CASE(module__guards_what_is_in_its_list)
{
	provided_module("1.2", "ok", "ext4 xfs");
	find();
	assert_false(lacks("ext4"));
	assert_false(lacks("xfs"));
	assert_true(lacks("ext"));
	assert_true(lacks("xfs2"));
	assert_true(lacks("btrfs"));
}

PROVIDER_CASE(module_that_does_not_say__lacks_nothing)
{
	provided_module("1.2", NULL, NULL);
	find();
	assert_false(lacks("btrfs"));
	assert_false(lease_provider_is_dead(&found));
}

PROVIDER_CASE(module__dead)
{
	provided_module("1.2", "dead: ftrace was disabled", "ext4 xfs");
	find();
	assert_true(lease_provider_is_dead(&found));
	assert_string_equal(found.state, "dead: ftrace was disabled");
}

PROVIDER_CASE(control__comes_before_all)
{
	provided_module("1.2", "ok", "ext4");
	fake_open_file("/sys/module/layout_lease_control/version", "1.2\n");
	find();
	assert_int_equal(found.kind, PROVIDER_CONTROL);
	assert_string_equal(lease_provider_name(&found),
			    "the module layout_lease_control 1.2");
}

static void assert_page_caches(bool has_ext4, bool has_btrfs)
{
	find();
	assert_int_equal(lease_provider_has_page_caches(&found, "ext4"),
			 has_ext4);
	assert_int_equal(lease_provider_has_page_caches(&found, "btrfs"),
			 has_btrfs);
}

PROVIDER_CASE(page_caches__where_the_module_says_so)
{
	assert_page_caches(false, false);
	provided_module("1.1", "ok", "ext4 xfs");
	assert_page_caches(false, false);
	provided_module("1.2", "ok", "ext4 xfs tmpfs");
	assert_page_caches(true, false);
	provided_page_caches("no: not on this kernel\n");
	find();
	assert_string_equal(found.page_cache_write, "no: not on this kernel");
	provided_module("1.2", "dead: ftrace was disabled", "ext4 xfs tmpfs");
	assert_page_caches(false, false);
}

PROVIDER_CASE(counters)
{
	uint64_t count = 7;

	provided_module("1.2", "ok", "ext4");
	fake_open_file("/sys/module/layout_lease/parameters/breaks", "42\n");
	fake_open_file("/sys/module/layout_lease/parameters/leases", "x\n");
	find();
	assert_int_equal(lease_provider_count(&found, "leases", &count),
			 EINVAL);
	assert_int_equal(lease_provider_count(&found, "timeouts", &count),
			 ENOENT);
	assert_int_equal(count, 7);
	assert_int_equal(lease_provider_count(&found, "breaks", &count), 0);
	assert_int_equal(count, 42);
}
