// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the dry run says of each kind of file, kernel and policy */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>

#include "fakes/fake_config.h"
#include "fakes/fake_lease.h"
#include "guard_answer.h"
#include "lib/test.h"

#define EXT4 EXT4_SUPER_MAGIC
#define XFS XFS_SUPER_MAGIC

static struct file_facts file;
static struct abilities abilities;
static struct guard_question question;

static int setup(void **state)
{
	memset(&fake_config.policy, 0, sizeof(fake_config.policy));
	question = (struct guard_question){
		.file = &file,
		.path = "/f",
		.abilities = &abilities,
	};
	abilities = (struct abilities){ .layout_leases = ABILITY_NO,
					.leases_enabled = ABILITY_YES,
					.page_cache_pins = ABILITY_NO };
	return 0;
}

#define RULE_CASE(fn) CASE_WITH(fn, setup, NULL)

static struct guard_answer ask(enum file_kind kind, unsigned long fs_magic,
			       bool is_write)
{
	question.is_write = is_write;
	file = (struct file_facts){ .kind = kind, .fs_magic = fs_magic,
				    .fs_name = fs_magic == XFS ? "xfs" :
								 "ext4" };
	return guard_answer(&question);
}

static void refused(struct guard_answer answer, int error)
{
	assert_int_equal(answer.status, STATUS_REFUSED);
	assert_int_equal(answer.error, error);
	assert_string_equal(answer.guard, "none");
	/* Why, and the way out, without the file and the errno */
	assert_string_not_equal(answer.reason, "");
	assert_null(strstr(answer.reason, "registration refused"));
	assert_string_not_equal(answer.remedy, "");
}

static void guarded(struct guard_answer answer, const char *guard)
{
	assert_int_equal(answer.status, STATUS_PROTECTED);
	assert_string_equal(answer.guard, guard);
	assert_int_equal(answer.error, 0);
	assert_string_equal(answer.reason, "");
	assert_string_equal(answer.remedy, "");
}

static void unprotected(struct guard_answer answer)
{
	assert_int_equal(answer.status, STATUS_UNPROTECTED);
	assert_int_equal(answer.error, 0);
	assert_string_not_equal(answer.reason, "");
	assert_string_equal(answer.remedy, "");
}

RULE_CASE(fsdax)
{
	refused(ask(FILE_FSDAX, EXT4, true), EOPNOTSUPP);
	abilities.has_odp = true;
	guarded(ask(FILE_FSDAX, EXT4, true), "odp");
	abilities.layout_leases = ABILITY_YES;
	guarded(ask(FILE_FSDAX, EXT4, true), "layout");
	abilities.leases_enabled = ABILITY_NO;
	refused(ask(FILE_FSDAX, EXT4, true), EOPNOTSUPP);
}

RULE_CASE(fsdax__nobody_can_tell)
{
	abilities.layout_leases = ABILITY_UNKNOWN;
	refused(ask(FILE_FSDAX, XFS, true), EOPNOTSUPP);
}

static void remedy(struct guard_answer answer, const char *text)
{
	refused(answer, EOPNOTSUPP);
	assert_non_null(strstr(answer.remedy, text));
}

RULE_CASE(fsdax__nobody_gives_leases)
{
	abilities.provider.kind = PROVIDER_NONE;
	remedy(ask(FILE_FSDAX, EXT4, true), "modprobe layout_lease");
}

RULE_CASE(fsdax__the_module_is_for_xfs)
{
	abilities.layout_leases = ABILITY_YES;
	abilities.provider = (struct lease_provider){
		.kind = PROVIDER_MODULE, .state = "ok", .file_systems = "xfs" };
	guarded(ask(FILE_FSDAX, XFS, true), "layout");
	remedy(ask(FILE_FSDAX, EXT4, true), "use one of them");
}

RULE_CASE(fsdax__the_module_is_dead)
{
	abilities.provider = (struct lease_provider){
		.kind = PROVIDER_MODULE, .state = "dead: why" };
	remedy(ask(FILE_FSDAX, XFS, true), "see the kernel log");
}

RULE_CASE(fsdax__the_module_is_for_tests)
{
	abilities.provider.kind = PROVIDER_CONTROL;
	remedy(ask(FILE_FSDAX, XFS, true), "unload it");
}

RULE_CASE(page_cache)
{
	refused(ask(FILE_PAGE_CACHE, EXT4, true), EFAULT);
	guarded(ask(FILE_PAGE_CACHE, EXT4, false), "lease");
	abilities.page_cache_pins = ABILITY_YES;
	guarded(ask(FILE_PAGE_CACHE, XFS, true), "lease");
	abilities.leases_enabled = ABILITY_NO;
	refused(ask(FILE_PAGE_CACHE, XFS, true), EOPNOTSUPP);
}

RULE_CASE(page_cache__on_demand)
{
	abilities.has_odp = true;
	guarded(ask(FILE_PAGE_CACHE, EXT4, true), "odp");
	guarded(ask(FILE_PAGE_CACHE, EXT4, false), "lease");
}

RULE_CASE(page_cache__without_real_leases)
{
	abilities.page_cache_pins = ABILITY_YES;
	refused(ask(FILE_PAGE_CACHE, FAKE_FS_WITHOUT_LEASES, false),
		EOPNOTSUPP);
	refused(ask(FILE_PAGE_CACHE, BTRFS_SUPER_MAGIC, false), EOPNOTSUPP);
}

RULE_CASE(memory)
{
	unprotected(ask(FILE_MEMORY, TMPFS_MAGIC, true));
	fake_config.policy.guard_shmem = true;
	guarded(ask(FILE_MEMORY, TMPFS_MAGIC, true), "lease");
	refused(ask(FILE_MEMORY, FAKE_FS_WITHOUT_LEASES, true), EOPNOTSUPP);
}

/* What stands in the way first is what is said. */
RULE_CASE(the_order_of_the_library)
{
	abilities.page_cache_pins = ABILITY_YES;
	abilities.layout_leases = ABILITY_YES;
	question.is_too_big = true;
	refused(ask(FILE_PAGE_CACHE, EXT4, true), ENOMEM);
	refused(ask(FILE_FSDAX, EXT4, true), ENOMEM);
	refused(ask(FILE_MEMORY, TMPFS_MAGIC, true), ENOMEM);
	question.is_too_far = true;
	refused(ask(FILE_PAGE_CACHE, EXT4, true), EFAULT);
	refused(ask(FILE_FSDAX, EXT4, true), EFAULT);
	refused(ask(FILE_MEMORY, TMPFS_MAGIC, true), EFAULT);
	question.is_open = true;
	refused(ask(FILE_PAGE_CACHE, EXT4, true), EAGAIN);
	refused(ask(FILE_FSDAX, EXT4, true), EFAULT);
	question.is_others = true;
	refused(ask(FILE_PAGE_CACHE, EXT4, true), EACCES);
	refused(ask(FILE_FSDAX, EXT4, true), EACCES);
	refused(ask(FILE_MEMORY, TMPFS_MAGIC, true), EFAULT);
	abilities.layout_leases = ABILITY_NO;
	refused(ask(FILE_FSDAX, EXT4, true), EOPNOTSUPP);
	abilities.leases_enabled = ABILITY_NO;
	refused(ask(FILE_PAGE_CACHE, EXT4, true), EOPNOTSUPP);
}

RULE_CASE(device)
{
	guarded(ask(FILE_DEVICE, TMPFS_MAGIC, true), "none");
}

static void refused_anyway(struct guard_answer answer, int error)
{
	assert_int_equal(answer.status, STATUS_REFUSED);
	assert_int_equal(answer.error, error);
	assert_string_not_equal(answer.reason, "");
}

RULE_CASE(policy__guard)
{
	abilities.layout_leases = ABILITY_YES;
	fake_config.policy.guard = GUARD_LAYOUT;
	guarded(ask(FILE_FSDAX, EXT4, true), "layout");
	refused(ask(FILE_PAGE_CACHE, EXT4, false), EOPNOTSUPP);
	fake_config.policy.guard = GUARD_LEASE;
	guarded(ask(FILE_PAGE_CACHE, EXT4, false), "lease");
	refused_anyway(ask(FILE_FSDAX, EXT4, true), EOPNOTSUPP);
	fake_config.policy.guard = GUARD_ODP;
	refused(ask(FILE_FSDAX, EXT4, true), EOPNOTSUPP);
	fake_config.policy.guard = GUARD_NONE;
	unprotected(ask(FILE_PAGE_CACHE, EXT4, false));
}

RULE_CASE(policy__hold)
{
	abilities.layout_leases = ABILITY_YES;
	fake_config.policy.hold_on_break = true;
	guarded(ask(FILE_FSDAX, EXT4, true), "layout");
	refused(ask(FILE_PAGE_CACHE, EXT4, false), EINVAL);
}

/* What the kernel refuses is refused, whatever the policy. */
RULE_CASE(policy__on_refuse_warn)
{
	fake_config.policy.warn_on_refuse = true;
	unprotected(ask(FILE_PAGE_CACHE, FAKE_FS_WITHOUT_LEASES, false));
	refused_anyway(ask(FILE_PAGE_CACHE, FAKE_FS_WITHOUT_LEASES, true),
		       EFAULT);
	refused_anyway(ask(FILE_FSDAX, EXT4, true), EOPNOTSUPP);
	fake_config.policy.guard = GUARD_NONE;
	refused_anyway(ask(FILE_FSDAX, EXT4, true), EOPNOTSUPP);
	refused_anyway(ask(FILE_PAGE_CACHE, EXT4, true), EFAULT);
}
