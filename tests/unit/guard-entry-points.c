// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Ways to pin memory, or to get a memory region, other than ibv_reg_mr() */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ruled.h"

#define MR_INIT_FD (1 << 2)
#define MR_INIT_DMAH (1 << 4)

static struct ibv_mr *reg_ex(uint64_t mask, int access)
{
	struct mr_init_attr attr = {
		.length = 0x1000,
		.access = access,
		.comp_mask = mask,
		.iova = 0x7000,
		.addr = (void *)0x1000,
	};

	errno = 0;
	return guard_reg_mr_ex(&fake_provider_ops, &guarded_pd, &attr);
}

RULED_CASE(ex_of_a_file__as_reg_mr)
{
	struct ibv_mr *mr = reg_ex(MR_INIT_ADDR, IBV_ACCESS_LOCAL_WRITE);

	assert_non_null(mr);
	assert_record(
		"classify, take 1, prefault 1, adopt 7, reg_mr, classify, "
		"track");
	assert_int_equal(fake_track_params().iova, 0x1000);
	assert_int_equal(stats.registrations, 1);
}

RULED_CASE(ex_of_a_file__iova_is_kept)
{
	assert_non_null(reg_ex(MR_INIT_ADDR | MR_INIT_IOVA, 0));
	assert_int_equal(fake_track_params().iova, 0x7000);
}

static void passes(struct ibv_mr *mr, const char *text)
{
	assert_non_null(mr);
	assert_record(text);
	assert_int_equal(stats.refusals, 0);
	assert_null(fake_track.gmr);
	free(mr);
}

RULED_CASE(ex_of_no_file__as_reg_mr)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	passes(reg_ex(MR_INIT_ADDR, 0), "classify, reg_mr");
}

RULED_CASE(ex_of_a_dmabuf__passed_through)
{
	passes(reg_ex(MR_INIT_FD | MR_INIT_IOVA, 0), "reg_mr_ex");
}

RULED_CASE(ex_of_a_file_with_hints__refused)
{
	assert_null(reg_ex(MR_INIT_ADDR | MR_INIT_DMAH, 0));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_record("classify");
	assert_int_equal(stats.refusals, 1);
	assert_logged("ibv_reg_mr_ex() cannot be guarded");
}

RULED_CASE(ex_of_no_file_with_hints__passed_through)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	passes(reg_ex(MR_INIT_ADDR | MR_INIT_DMAH, 0), "classify, reg_mr_ex");
}

RULED_CASE(ex_on_demand_with_hints__passed_through)
{
	passes(reg_ex(MR_INIT_ADDR | MR_INIT_DMAH, IBV_ACCESS_ON_DEMAND),
	       "reg_mr_ex");
}

static int check(void)
{
	return guard_check_pin((void *)0x1000, 0x1000, "umem_reg");
}

RULED_CASE(pin_of_a_file__refused)
{
	assert_int_equal(check(), EOPNOTSUPP);
	assert_record("classify");
	assert_logged("umem_reg() cannot be guarded");
	assert_int_equal(stats.refusals, 1);
}

RULED_CASE(pin_of_a_second_file__refused)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_mapping.parts[1].file.path = "/other";
	fake_config.other_path = "/other";
	fake_config.policy.guard = GUARD_NONE;
	assert_int_equal(check(), EOPNOTSUPP);
}

RULED_CASE(pin_of_no_file__allowed)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	assert_int_equal(check(), 0);
	assert_record("classify");
}

RULED_CASE(pin_of_nothing__allowed)
{
	assert_int_equal(guard_check_pin(NULL, 0, "umem_reg"), 0);
	assert_record("");
}

RULED_CASE(pin_of_an_unknown_file__refused_once)
{
	fake_mapping_set(1, MAPPING_UNKNOWN);
	assert_int_equal(check(), EOPNOTSUPP);
	assert_int_equal(stats.refusals, 1);
}

RULED_CASE(pin_cannot_be_classified__refused)
{
	fake_mapping.classify = ALWAYS(ENOMEM);
	assert_int_equal(check(), ENOMEM);
}

RULED_CASE(policy_none__pin_allowed)
{
	fake_config.policy.guard = GUARD_NONE;
	assert_int_equal(check(), 0);
}

RULED_CASE(policy_warn__pin_allowed_and_said)
{
	fake_config.policy.warn_on_refuse = true;
	assert_int_equal(check(), 0);
	assert_logged("NOT PROTECTED");
}

RULED_CASE(import__said_once_and_passed_through)
{
	const char *first;

	passes(guard_import_mr(&fake_provider_ops, &guarded_pd, 3),
	       "import_mr 3");
	passes(guard_import_mr(&fake_provider_ops, &guarded_pd, 4),
	       "import_mr 4");
	first = strstr(ruled_log(), "ibv_import_mr()");
	assert_non_null(first);
	assert_null(strstr(first + 1, "ibv_import_mr()"));
}
