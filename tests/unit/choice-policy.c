// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which guard a policy gives to each kind of memory */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/stats.h"
#include "choice.h"
#include "fakes/fake_config.h"
#include "fakes/fake_lease.h"
#include "fakes/fake_open.h"
#include "fakes/fake_pin_rule.h"
#include "lib/test.h"

static struct mapping_part part;

static int setup(void **state)
{
	memset(&stats, 0, sizeof(stats));
	memset(&fake_config, 0, sizeof(fake_config));
	memset(&fake_lease, 0, sizeof(fake_lease));
	fake_open_reset();
	fake_pin_rule_is_strict = false;
	part = (struct mapping_part){
		.kind = MAPPING_PAGE_CACHE,
		.readable = true,
		.writable = true,
		.file = {.dev = makedev(8, 1),
			 .map_dev = makedev(8, 1),
			 .path = "/data"},
		.fs_name = "fakefs",
	};
	return 0;
}

#define CHOICE_CASE(fn) CASE_WITH(fn, setup, NULL)

static struct choice chosen(bool is_written)
{
	struct choice choice;

	stats.refusals = 0;
	assert_int_equal(choice_make(&part, is_written, NULL, &choice), 0);
	assert_int_equal(stats.refusals, 0);
	return choice;
}

/* With its reason, and without touching the result */
static void refused(bool is_written, int error)
{
	struct choice choice, before;

	memset(&before, 0x55, sizeof(before));
	choice = before;
	stats.refusals = 0;
	assert_int_equal(choice_make(&part, is_written, NULL, &choice), error);
	assert_memory_equal(&choice, &before, sizeof(choice));
	assert_int_equal(stats.refusals, 1);
}

#define LAYOUT &lease_layout
#define ORDINARY &lease_ordinary
#define NO_BACKEND NULL

static void assert_choice(enum mapping_kind kind, enum guard_choice guard,
			  const struct lease_backend *backend)
{
	struct choice choice;

	part.kind = kind;
	choice = chosen(true);
	assert_int_equal(choice.guard, guard);
	assert_ptr_equal(choice.backend, backend);
	/* What is on demand cannot be held. */
	assert_int_equal(choice.may_go_on_demand,
			 fake_config.policy.guard == GUARD_AUTO &&
				 !fake_config.policy.hold_on_break);
}

static void refused_kind(enum mapping_kind kind)
{
	part.kind = kind;
	refused(true, EOPNOTSUPP);
}

/* The same for files of all kinds */
static void assert_choice_for_all(enum guard_choice guard,
				  const struct lease_backend *backend)
{
	assert_choice(MAPPING_FSDAX, guard, backend);
	assert_choice(MAPPING_PAGE_CACHE, guard, backend);
	assert_choice(MAPPING_SHMEM, guard, backend);
}

CHOICE_CASE(auto__the_best_there_is)
{
	fake_config.policy.guard = GUARD_AUTO;
	assert_choice(MAPPING_FSDAX, GUARD_LAYOUT, LAYOUT);
	assert_choice(MAPPING_PAGE_CACHE, GUARD_LEASE, ORDINARY);
	assert_choice(MAPPING_SHMEM, GUARD_LEASE, ORDINARY);
	refused_kind(MAPPING_UNKNOWN);
}

/* The ordinary lease is what there is if that is not to be had. */
CHOICE_CASE(auto__layout_for_all_with_the_module)
{
	struct choice choice;

	fake_lease.has_layout = true;
	assert_choice_for_all(GUARD_LAYOUT, LAYOUT);
	assert_true(chosen(true).may_be_ordinary);
	part.kind = MAPPING_FSDAX;
	assert_false(chosen(true).may_be_ordinary);
	part.kind = MAPPING_PAGE_CACHE;
	choice = chosen(true);
	assert_int_equal(choice_make_ordinary(&part, true, &choice), 0);
	assert_int_equal(choice.guard, GUARD_LEASE);
	assert_ptr_equal(choice.backend, ORDINARY);
	part.error = ENOENT;
	refused(true, EOPNOTSUPP);
}

CHOICE_CASE(memory__layout_or_refused)
{
	part.kind = MAPPING_SHMEM;
	part.file.path = "/memfd:x (deleted)";
	refused(true, EOPNOTSUPP);
	part.file.path = "/mnt/huge/x";
	part.fs_magic = FAKE_FS_WITHOUT_LEASES;
	refused(true, EOPNOTSUPP);
	fake_lease.has_layout = true;
	assert_choice(MAPPING_SHMEM, GUARD_LAYOUT, LAYOUT);
	part.file.path = "/memfd:x (deleted)";
	assert_choice(MAPPING_SHMEM, GUARD_LAYOUT, LAYOUT);
}

/* If the kernel promises to keep what is written, it says where it can. */
CHOICE_CASE(layout__written_where_it_can_be)
{
	fake_lease.has_layout = true;
	part.fs_magic = BTRFS_SUPER_MAGIC;
	refused(true, EOPNOTSUPP);
	assert_ptr_equal(chosen(false).backend, LAYOUT);
	fake_config.policy.page_cache_write = true;
	assert_ptr_equal(chosen(true).backend, LAYOUT);
}

CHOICE_CASE(layout__for_DAX_only_without_the_module)
{
	fake_config.policy.guard = GUARD_LAYOUT;
	assert_choice(MAPPING_FSDAX, GUARD_LAYOUT, LAYOUT);
	refused_kind(MAPPING_PAGE_CACHE);
	refused_kind(MAPPING_SHMEM);
	refused_kind(MAPPING_UNKNOWN);
}

CHOICE_CASE(lease__for_all_files)
{
	fake_config.policy.guard = GUARD_LEASE;
	assert_choice_for_all(GUARD_LEASE, ORDINARY);
	refused_kind(MAPPING_UNKNOWN);
}

CHOICE_CASE(lease__ordinary_with_the_module_too)
{
	fake_lease.has_layout = true;
	lease__for_all_files(state);
}

CHOICE_CASE(odp__no_lease)
{
	fake_config.policy.guard = GUARD_ODP;
	assert_choice_for_all(GUARD_ODP, NO_BACKEND);
	refused_kind(MAPPING_UNKNOWN);
}

CHOICE_CASE(none__whatever_it_is)
{
	fake_config.policy.guard = GUARD_NONE;
	assert_choice_for_all(GUARD_NONE, NO_BACKEND);
	assert_choice(MAPPING_UNKNOWN, GUARD_NONE, NO_BACKEND);
}

CHOICE_CASE(policy__is_that_of_the_path)
{
	fake_config.policy.guard = GUARD_NONE;
	fake_config.other_path = "/data";
	fake_config.other_policy.guard = GUARD_LEASE;
	assert_choice(MAPPING_PAGE_CACHE, GUARD_LEASE, ORDINARY);
	part.file.path = "/elsewhere";
	assert_choice(MAPPING_PAGE_CACHE, GUARD_NONE, NO_BACKEND);
}

CHOICE_CASE(no_leases_on_the_file_system__EOPNOTSUPP)
{
	part.fs_magic = FAKE_FS_WITHOUT_LEASES;
	refused(true, EOPNOTSUPP);
	refused(false, EOPNOTSUPP);
	fake_config.policy.guard = GUARD_ODP;
	assert_choice(MAPPING_PAGE_CACHE, GUARD_ODP, NO_BACKEND);
}

CHOICE_CASE(found_by_its_path_only__EOPNOTSUPP)
{
	part.error = ENOENT;
	refused(true, EOPNOTSUPP);
}

/* As on btrfs, of which only a layout lease is told by what is mapped */
CHOICE_CASE(mapped_under_another_number__EOPNOTSUPP)
{
	part.file.map_dev = makedev(0, 42);
	refused(false, EOPNOTSUPP);
	fake_lease.has_layout = true;
	assert_ptr_equal(chosen(false).backend, LAYOUT);
}

CHOICE_CASE(btrfs__for_reading_only)
{
	part.fs_magic = BTRFS_SUPER_MAGIC;
	refused(true, EOPNOTSUPP);
	assert_ptr_equal(chosen(false).backend, ORDINARY);
}

CHOICE_CASE(hold__EINVAL_with_an_ordinary_lease)
{
	fake_config.policy.hold_on_break = true;
	refused(true, EINVAL);
	fake_lease.has_layout = true;
	assert_choice(MAPPING_PAGE_CACHE, GUARD_LAYOUT, LAYOUT);
	fake_lease.has_layout = false;
	assert_choice(MAPPING_FSDAX, GUARD_LAYOUT, LAYOUT);
	fake_config.policy.guard = GUARD_LEASE;
	refused(true, EINVAL);
}

#define STABLE_WRITES "queue/stable_writes"

CHOICE_CASE(disk_with_stable_writes__for_reading_only)
{
	fake_open_file("/sys/dev/block/8:1/" STABLE_WRITES, "1\n");
	refused(true, EOPNOTSUPP);
	assert_ptr_equal(chosen(false).backend, ORDINARY);
}

CHOICE_CASE(disk_without_stable_writes__chosen)
{
	fake_open_file("/sys/dev/block/8:1/" STABLE_WRITES, "0\n");
	(void)chosen(true);
}

/* A partition has no queue of its own. */
static void partition_of_disk(const char *text)
{
	fake_open_fails("/sys/dev/block/8:1/" STABLE_WRITES, ENOENT);
	fake_open_file("/sys/dev/block/8:1/../" STABLE_WRITES, text);
}

CHOICE_CASE(partition__asks_its_disk)
{
	partition_of_disk("1\n");
	refused(true, EOPNOTSUPP);
}

CHOICE_CASE(partition_of_an_ordinary_disk__chosen)
{
	partition_of_disk("0\n");
	(void)chosen(true);
}

/* No /sys: nobody can tell. */
CHOICE_CASE(disk_is_not_shown__for_reading_only)
{
	fake_open_fails("/sys/dev/block/8:1/" STABLE_WRITES, ENOENT);
	fake_open_fails("/sys/dev/block/8:1/../" STABLE_WRITES, ENOENT);
	refused(true, EOPNOTSUPP);
	assert_ptr_equal(chosen(false).backend, ORDINARY);
}

/* What the kernel does not pin, it says itself. */
CHOICE_CASE(strict_kernel__no_disk_asked)
{
	fake_pin_rule_is_strict = true;
	fake_open_file("/sys/dev/block/8:1/" STABLE_WRITES, "1\n");
	(void)chosen(true);
}

/* Nobody can say that it does not need them. */
CHOICE_CASE(empty_attribute__refused)
{
	fake_open_file("/sys/dev/block/8:1/" STABLE_WRITES, "");
	refused(true, EOPNOTSUPP);
}

/* Nothing of these is written back. */
CHOICE_CASE(other_kinds__need_no_stable_pages)
{
	fake_open_file("/sys/dev/block/8:1/" STABLE_WRITES, "1\n");
	fake_config.policy.guard = GUARD_LEASE;
	assert_choice(MAPPING_SHMEM, GUARD_LEASE, ORDINARY);
	assert_choice(MAPPING_FSDAX, GUARD_LEASE, ORDINARY);
}
