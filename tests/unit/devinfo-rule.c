// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the dry run says of each kind of file, kernel and policy */
#include <errno.h>
#include <string.h>

#include "fakes/fake_config.h"
#include "guard_rule.h"
#include "lib/test.h"

static struct file_facts file;
static struct abilities abilities;
static bool has_odp;

static int setup(void **state)
{
	memset(&fake_config.policy, 0, sizeof(fake_config.policy));
	has_odp = false;
	abilities = (struct abilities){.layout_leases = ABILITY_NO,
				       .leases = ABILITY_YES,
				       .leases_enabled = ABILITY_YES,
				       .page_cache_pins = ABILITY_NO};
	return 0;
}

static struct guard_answer ask(enum file_kind kind, const char *fs_name,
			       bool is_write)
{
	struct guard_question question = {
		.file = &file,
		.path = "/f",
		.is_write = is_write,
		.abilities = &abilities,
		.has_odp = has_odp,
	};

	file = (struct file_facts){.kind = kind, .fs_name = fs_name};
	return guard_rule(&question);
}

static void refused(struct guard_answer answer, int error)
{
	assert_int_equal(answer.status, STATUS_REFUSED);
	assert_int_equal(answer.error, error);
	assert_string_equal(answer.guard, "none");
	assert_non_null(answer.reason);
	assert_non_null(answer.remedy);
}

static void guarded(struct guard_answer answer, const char *guard)
{
	assert_int_equal(answer.status, STATUS_PROTECTED);
	assert_string_equal(answer.guard, guard);
	assert_int_equal(answer.error, 0);
}

static void unprotected(struct guard_answer answer)
{
	assert_int_equal(answer.status, STATUS_UNPROTECTED);
	assert_int_equal(answer.error, 0);
	assert_non_null(answer.reason);
}

static void fsdax(void **state)
{
	refused(ask(FILE_FSDAX, "ext4", true), EOPNOTSUPP);
	has_odp = true;
	guarded(ask(FILE_FSDAX, "ext4", true), "odp");
	abilities.layout_leases = ABILITY_YES;
	guarded(ask(FILE_FSDAX, "ext4", true), "layout");
	abilities.leases_enabled = ABILITY_NO;
	refused(ask(FILE_FSDAX, "ext4", true), EOPNOTSUPP);
}

static void fsdax__nobody_can_tell(void **state)
{
	abilities.layout_leases = ABILITY_UNKNOWN;
	refused(ask(FILE_FSDAX, "xfs", true), EOPNOTSUPP);
}

static void page_cache(void **state)
{
	refused(ask(FILE_PAGE_CACHE, "ext4", true), EFAULT);
	guarded(ask(FILE_PAGE_CACHE, "ext4", false), "lease");
	abilities.page_cache_pins = ABILITY_YES;
	guarded(ask(FILE_PAGE_CACHE, "xfs", true), "lease");
	abilities.leases_enabled = ABILITY_NO;
	refused(ask(FILE_PAGE_CACHE, "xfs", true), EOPNOTSUPP);
}

static void page_cache__on_demand(void **state)
{
	has_odp = true;
	guarded(ask(FILE_PAGE_CACHE, "ext4", true), "odp");
	guarded(ask(FILE_PAGE_CACHE, "ext4", false), "lease");
}

static void page_cache__without_real_leases(void **state)
{
	static const char *const names[] = {"overlayfs", "fuse",  "nfs",
					    "9p",	 "btrfs", "unknown"};
	size_t i;

	abilities.page_cache_pins = ABILITY_YES;
	for (i = 0; i < N_OF(names); i++)
		refused(ask(FILE_PAGE_CACHE, names[i], false), EOPNOTSUPP);
}

static void memory(void **state)
{
	unprotected(ask(FILE_MEMORY, "tmpfs", true));
	unprotected(ask(FILE_MEMORY, "hugetlbfs", true));
	fake_config.policy.guard_shmem = true;
	guarded(ask(FILE_MEMORY, "tmpfs", true), "lease");
	unprotected(ask(FILE_MEMORY, "hugetlbfs", true));
}

static void device(void **state)
{
	guarded(ask(FILE_DEVICE, "tmpfs", true), "none");
}

static void unknown(void **state)
{
	refused(ask(FILE_UNKNOWN, "unknown", true), EOPNOTSUPP);
}

static void policy__guard(void **state)
{
	abilities.layout_leases = ABILITY_YES;
	fake_config.policy.guard = GUARD_NONE;
	unprotected(ask(FILE_FSDAX, "ext4", true));
	fake_config.policy.guard = GUARD_LAYOUT;
	guarded(ask(FILE_FSDAX, "ext4", true), "layout");
	refused(ask(FILE_PAGE_CACHE, "ext4", false), EOPNOTSUPP);
	fake_config.policy.guard = GUARD_ODP;
	refused(ask(FILE_FSDAX, "ext4", true), EOPNOTSUPP);
}

/* What the kernel refuses is refused, whatever the policy. */
static void policy__on_refuse_warn(void **state)
{
	fake_config.policy.warn_on_refuse = true;
	unprotected(ask(FILE_PAGE_CACHE, "fuse", false));
	refused(ask(FILE_PAGE_CACHE, "fuse", true), EOPNOTSUPP);
	refused(ask(FILE_FSDAX, "ext4", true), EOPNOTSUPP);
}

#define RULE_CASE(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest cases[] = {
		RULE_CASE(fsdax),
		RULE_CASE(fsdax__nobody_can_tell),
		RULE_CASE(page_cache),
		RULE_CASE(page_cache__on_demand),
		RULE_CASE(page_cache__without_real_leases),
		RULE_CASE(memory),
		RULE_CASE(device),
		RULE_CASE(unknown),
		RULE_CASE(policy__guard),
		RULE_CASE(policy__on_refuse_warn),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
