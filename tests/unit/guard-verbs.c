// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What goes well, and the verbs other than registration */
#include <errno.h>
#include <stdlib.h>

#include "fakes/fake_redirty.h"
#include "lib/guarded.h"

#define REGISTERED \
	"classify, take 1, prefault 1, adopt 7, reg_mr, classify, track"

GUARDED_CASE(one_file__in_order)
{
	struct ibv_mr *mr = guarded_reg_succeeds(REGISTERED);

	assert_true(fake_provider.was_in_section);
	assert_ptr_equal(fake_track.gmr->mr, mr);
	assert_ptr_equal(fake_track.gmr->context, &guarded_context);
	assert_int_equal(fake_track.gmr->n_leases, 1);
	assert_int_equal(stats.retakes, 0);
	assert_true(fake_device_is_adopted(&guarded_context));
}

GUARDED_CASE(context_adopted__not_again)
{
	assert_int_equal(device_adopt(&guarded_context, NULL), 0);
	record_clear();
	(void)guarded_reg_succeeds("classify, take 1, prefault 1, reg_mr, "
				   "classify, track");
}

GUARDED_CASE(same_file_twice__one_lease)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_mapping.parts[1].file.ino = 1;
	(void)guarded_reg_succeeds("classify, take 1, take 1, put 1, "
				   "prefault 1, prefault 1, adopt 7, reg_mr, "
				   "classify, track");
	assert_int_equal(fake_lease.holders[1], 1);
	assert_int_equal(fake_track.gmr->n_leases, 1);
}

GUARDED_CASE(two_files__two_leases)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	(void)guarded_reg_succeeds("classify, take 1, take 2, prefault 1, "
				   "prefault 2, adopt 7, reg_mr, classify, "
				   "track");
	assert_int_equal(fake_track.gmr->n_leases, 2);
}

GUARDED_CASE(read_only__blocks_are_checked)
{
	fake_mapping.parts[0].writable = false;
	(void)guarded_reg_succeeds("classify, take 1, prefault for reading 1, check 1, "
				   "adopt 7, reg_mr, classify, track");
}

GUARDED_CASE(no_descriptor__classified_on_the_keeper)
{
	fake_mapping.classify = ONCE(EMFILE);
	(void)guarded_reg_succeeds("classify, " REGISTERED);
}

GUARDED_CASE(no_file__as_without_us)
{
	struct ibv_mr *mr;

	fake_mapping_set(0, MAPPING_FSDAX);
	mr = guarded_reg(IBV_ACCESS_MW_BIND);
	assert_non_null(mr);
	assert_record("classify, reg_mr");
	assert_false(fake_provider.was_in_section);
	assert_int_equal(stats.registrations, 0);
	free(mr);
}

GUARDED_CASE(no_file__errno_of_the_provider)
{
	fake_mapping_set(0, MAPPING_FSDAX);
	fake_provider.reg_mr = ALWAYS(ENOMEM);
	errno = 0;
	assert_null(guarded_reg(0));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(stats.refusals, 0);
}

GUARDED_CASE(on_demand__as_without_us)
{
	struct ibv_mr *mr = guarded_reg(IBV_ACCESS_ON_DEMAND);

	assert_non_null(mr);
	assert_record("reg_mr");
	free(mr);
}

GUARDED_CASE(dereg__then_leases_in_reverse)
{
	struct ibv_mr *mr;

	fake_mapping_set(2, MAPPING_FSDAX);
	mr = guarded_reg(0);
	record_clear();
	assert_int_equal(guard_dereg_mr(&fake_provider_ops, mr), 0);
	assert_record("dereg_mr, untrack, put 2, put 1");
	assert_true(fake_provider.was_in_section);
}

/* While it does the keeper cannot revoke the memory region. */
GUARDED_CASE(dereg__pages_dirty_first_and_in_time_for_its_leases)
{
	struct ibv_mr *mr;

	fake_mapping_set(2, MAPPING_FSDAX);
	mr = guarded_reg(IBV_ACCESS_LOCAL_WRITE);
	record_clear();
	fake_redirty.n_chunks = 1;
	fake_lease.last_call_ns = 1;
	assert_int_equal(guard_dereg_mr(&fake_provider_ops, mr), 0);
	assert_record("redirty, late, dereg_mr, untrack, put 2, put 1");
	assert_int_equal(fake_lease.n_asked, 2);
	fake_redirty.n_chunks = 0;
}

GUARDED_CASE(dereg_of_a_zombie__leases_are_gone)
{
	struct ibv_mr *mr = guarded_reg(0);

	record_clear();
	fake_track.is_zombie = true;
	assert_int_equal(guard_dereg_mr(&fake_provider_ops, mr), 0);
	assert_record("dereg_mr, untrack");
}

GUARDED_CASE(dereg__EBUSY_keeps_everything)
{
	struct ibv_mr *mr = guarded_reg(0);

	record_clear();
	fake_provider.dereg_mr = ALWAYS(EBUSY);
	assert_int_equal(guard_dereg_mr(&fake_provider_ops, mr), EBUSY);
	assert_record("dereg_mr, keep");
	assert_int_equal(fake_lease.holders[1], 1);
}

GUARDED_CASE(dereg__other_thread_was_first_EINVAL)
{
	struct ibv_mr *mr = guarded_reg(0);

	record_clear();
	fake_track.begin_dereg = ALWAYS(EINVAL);
	assert_int_equal(guard_dereg_mr(&fake_provider_ops, mr), EINVAL);
	assert_record("");
}

GUARDED_CASE(dereg_without_guard__as_without_us)
{
	struct ibv_mr *mr;

	fake_mapping_set(0, MAPPING_FSDAX);
	mr = guarded_reg(0);
	record_clear();
	assert_int_equal(guard_dereg_mr(&fake_provider_ops, mr), 0);
	assert_record("dereg_mr");
	assert_false(fake_provider.was_in_section);
}

GUARDED_CASE(close__revoke_then_context_then_leases)
{
	struct real_verbs real;
	struct ibv_mr *mr;

	fake_mapping_set(2, MAPPING_FSDAX);
	mr = guarded_reg(0);
	record_clear();
	guard_free_context(&fake_provider_ops, &guarded_context);
	assert_record("revoke context, detach, drop 7, free_context, "
		      "put 2, put 1");
	assert_int_equal(real_verbs_get(&guarded_context, &real), ENOENT);
	free(mr);
}

GUARDED_CASE(close_without_guarded_mrs__as_without_us)
{
	guard_free_context(&fake_provider_ops, &guarded_context);
	assert_record("free_context");
}
