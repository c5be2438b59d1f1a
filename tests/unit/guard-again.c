// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Registrations during which the world changes: everything is undone and tried
 * again from the start, and given up only when retake says so.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/guarded.h"
#include "retired.h"

#define UP_TO_REG_MR "classify, take 1, prefault 1, adopt 7, reg_mr"
/* The context is adopted by then. */
#define SECOND_TRY "classify, take 1, prefault 1, reg_mr, classify, track"
#define FIRST_TRY \
	"classify, take 1, prefault 1, adopt 7, reg_mr, classify, track"

static void succeeds_again(const char *text)
{
	fake_retake_left = 1;
	(void)guarded_reg_succeeds(text);
	assert_int_equal(stats.retakes, 1);
	assert_int_equal(fake_lease.holders[1], 1);
}

static void gives_up(const char *text)
{
	guarded_reg_fails(EAGAIN, text);
	assert_int_equal(fake_lease.holders[1], 0);
}

GUARDED_CASE(lease_is_being_broken__again)
{
	fake_lease.take = ONCE(EAGAIN);
	succeeds_again("classify, take 1, wait, " FIRST_TRY);
}

GUARDED_CASE(lease_is_being_broken__EAGAIN)
{
	fake_lease.take = ALWAYS(EAGAIN);
	gives_up("classify, take 1");
}

GUARDED_CASE(lease_of_second_file__again)
{
	fake_mapping_set(2, MAPPING_FSDAX);
	fake_lease.take = ONCE_AT(2, EAGAIN);
	succeeds_again("classify, take 1, take 2, put 1, wait, "
		       "classify, take 1, take 2, prefault 1, prefault 2, "
		       "adopt 7, reg_mr, classify, track");
}

GUARDED_CASE(broken_before_prefault__again)
{
	fake_lease.is_held_locked = ONCE(EAGAIN);
	succeeds_again("classify, take 1, prefault 1, put 1, wait, " FIRST_TRY);
}

GUARDED_CASE(broken_before_prefault__EAGAIN)
{
	fake_lease.is_held_locked = ALWAYS(EAGAIN);
	gives_up("classify, take 1, prefault 1, put 1");
}

GUARDED_CASE(there_is_space_by_now__again)
{
	fake_prefault.prefault = ONCE(EFAULT);
	fake_prefault.why = ALWAYS(EAGAIN);
	succeeds_again(
		"classify, take 1, prefault 1, why 1, put 1, wait, " FIRST_TRY);
}

GUARDED_CASE(register_refused_in_a_break__again)
{
	fake_provider.reg_mr = ONCE(EFAULT);
	fake_lease.is_held = ONCE(EAGAIN);
	succeeds_again(UP_TO_REG_MR ", held? 1, put 1, wait, " SECOND_TRY);
}

GUARDED_CASE(register_refused_in_a_break__EAGAIN)
{
	fake_provider.reg_mr = ALWAYS(EFAULT);
	fake_lease.is_held = ALWAYS(EAGAIN);
	gives_up(UP_TO_REG_MR ", held? 1, put 1");
}

GUARDED_CASE(mapping_changed__again)
{
	fake_mapping.changes_at = 2;
	succeeds_again(UP_TO_REG_MR
		       ", classify, dereg_mr, put 1, wait, " SECOND_TRY);
}

GUARDED_CASE(mapping_changed__EAGAIN)
{
	fake_mapping.changes_at = 2;
	gives_up(UP_TO_REG_MR ", classify, dereg_mr, put 1");
}

/* From here on: what fails over memory that another thread replaces */

GUARDED_CASE(replaced_before_prefault__again)
{
	fake_mapping.changes_at = 2;
	fake_prefault.prefault = ONCE(EFAULT);
	fake_prefault.why = ALWAYS(EFAULT);
	succeeds_again("classify, take 1, prefault 1, why 1, classify, put 1, "
		       "wait, " FIRST_TRY);
}

/* Away and back: the kernel said ENOMEM, and all is there as it was. */
GUARDED_CASE(away_for_a_moment__populated_again)
{
	fake_prefault.prefault = ONCE(ENOMEM);
	(void)guarded_reg_succeeds("classify, take 1, prefault 1, classify, "
				   "prefault 1, adopt 7, reg_mr, classify, "
				   "track");
	assert_int_equal(stats.retakes, 0);
}

/* Another file when it is looked at, and then the first one again */
GUARDED_CASE(away_and_replaced_for_a_moment__again)
{
	fake_mapping.changes_at = 2;
	fake_prefault.prefault = ONCE(ENOMEM);
	succeeds_again("classify, take 1, prefault 1, classify, put 1, wait, "
		       FIRST_TRY);
}

/* A storm of that, and no want of memory */
GUARDED_CASE(away_again_and_again__populated_in_the_end)
{
	fake_prefault.prefault = TIMES(10, ENOMEM);
	assert_non_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(stats.refusals, 0);
	record_clear();
}

GUARDED_CASE(replaced_before_the_pin__again)
{
	fake_mapping.changes_at = 2;
	fake_provider.reg_mr = ONCE(EOPNOTSUPP);
	succeeds_again(UP_TO_REG_MR ", held? 1, classify, put 1, wait, "
		       SECOND_TRY);
}

/* The kernel pins what there are leases for: it was something else. */
GUARDED_CASE(replaced_and_put_back__again)
{
	fake_provider.reg_mr = ONCE(EOPNOTSUPP);
	succeeds_again(UP_TO_REG_MR ", held? 1, classify, put 1, wait, "
		       SECOND_TRY);
}

GUARDED_CASE(device_never_can__refused_in_the_end)
{
	fake_provider.reg_mr = ALWAYS(EOPNOTSUPP);
	fake_retake_left = 1000;
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(fake_retake_left, 1000 - 20);
	assert_int_equal(stats.refusals, 1);
	record_clear();
}

/* Classified as memory of no file, in the moment when it was none */
GUARDED_CASE(file_comes_while_unguarded__guarded_then)
{
	fake_mapping.vanishes_at = 1;
	fake_provider.reg_mr = ONCE(EOPNOTSUPP);
	fake_retake_left = 1;
	assert_non_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_record("classify, reg_mr, classify, wait, " FIRST_TRY);
	assert_int_equal(stats.registrations, 1);
}

/* A storm of that does not begin to wait again and again. */
GUARDED_CASE(file_goes_and_comes__one_time_to_wait)
{
	unsigned int begun = fake_retake_begun;

	fake_lease.take = ONCE(EAGAIN);
	fake_mapping.vanishes_at = 2;
	fake_provider.reg_mr = ONCE(EOPNOTSUPP);
	fake_retake_left = 2;
	assert_non_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_record("classify, take 1, wait, classify, reg_mr, classify, "
		      "wait, " FIRST_TRY);
	assert_int_equal(fake_retake_begun, begun + 1);
}

/* And one that is gone when it is looked for; the kernel said that it was there. */
GUARDED_CASE(file_for_just_the_moment_of_the_pin__again)
{
	struct ibv_mr *mr;

	fake_mapping.n_parts = 0;
	fake_provider.reg_mr = TIMES(2, EOPNOTSUPP);
	mr = guarded_reg(IBV_ACCESS_LOCAL_WRITE);
	assert_non_null(mr);
	assert_record("classify, reg_mr, classify, reg_mr, classify, reg_mr");
	assert_int_equal(stats.refusals, 0);
	free(mr);
}

GUARDED_CASE(no_file_and_device_cannot__errno_of_the_provider)
{
	fake_mapping.n_parts = 0;
	fake_provider.reg_mr = ALWAYS(EOPNOTSUPP);
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(fake_provider.reg_mr.n_calls, 16);
	record_clear();
}

GUARDED_CASE(broken_after_register__again)
{
	fake_track.add = ONCE(EAGAIN);
	succeeds_again(UP_TO_REG_MR
		       ", classify, track, dereg_mr, put 1, wait, " SECOND_TRY);
}

GUARDED_CASE(broken_after_register__EAGAIN)
{
	fake_track.add = ALWAYS(EAGAIN);
	gives_up(UP_TO_REG_MR ", classify, track, dereg_mr, put 1");
}

/* The kernel's MR may be alive, so its lease must stay. */
GUARDED_CASE(undo_fails__orphan_keeps_its_lease)
{
	fake_mapping.changes_at = 2;
	fake_provider.dereg_mr = ALWAYS(EBUSY);
	guarded_reg_fails(EAGAIN, UP_TO_REG_MR ", classify, dereg_mr, orphan");
	assert_int_equal(fake_lease.holders[1], 1);
	assert_int_equal(fake_track.gmr->n_leases, 1);
	assert_ptr_equal(fake_track.gmr->context, &guarded_context);
}

static struct ibv_mr *retired_mr;

static int gives_retired_key(struct ibv_mr *mr)
{
	retired_mr = mr;
	mr->lkey = mr->rkey = 0x77;
	fake_provider.cmd_reg_mr = NULL;
	return 0;
}

static void retired_key_stays(void)
{
	const struct ibv_mr revoked = {
		.context = &guarded_context,
		.lkey = 0x77,
		.rkey = 0x77,
	};

	assert_int_equal(retired_reserve(1), 0);
	retired_add(1, &revoked);
	fake_provider.cmd_reg_mr = gives_retired_key;
	fake_provider.dereg_mr = ONCE(EBUSY);
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_int_equal(fake_lease.holders[1], 1);
	retired_forget(&guarded_context);
}

GUARDED_CASE(retired_key_stays__orphan_has_a_lease_of_its_own)
{
	retired_key_stays();
	assert_record(UP_TO_REG_MR ", reg_mr, dereg_mr, get 1, orphan, "
				   "dereg_mr, put 1");
	assert_int_equal(fake_track.gmr->n_leases, 1);
	assert_int_equal(fake_track.gmr->n_ranges, 1);
	assert_ptr_equal(fake_track.gmr->context, &guarded_context);
}

/* Nobody can revoke it, but its pages have an owner. */
GUARDED_CASE(no_memory_for_the_orphan__lease_stays)
{
	fake_track.alloc = ONCE_AT(2, ENOMEM);
	retired_key_stays();
	assert_record(UP_TO_REG_MR ", reg_mr, dereg_mr, get 1, dereg_mr, put 1");
	assert_null(fake_track.gmr);
	free(retired_mr);
}

GUARDED_CASE(three_times__counted_once)
{
	fake_lease.take = ALWAYS(EAGAIN);
	fake_retake_left = 3;
	guarded_reg_fails(EAGAIN, "classify, take 1, wait, classify, take 1, "
				  "wait, classify, take 1, wait, "
				  "classify, take 1");
}

/* Memory that became anonymous meanwhile needs no guard. */
GUARDED_CASE(no_file_any_more__registered_without)
{
	struct ibv_mr *mr;

	fake_lease.take = ALWAYS(EAGAIN);
	fake_retake_left = 1;
	fake_mapping.vanishes_at = 2;
	mr = guarded_reg(0);
	assert_non_null(mr);
	assert_record("classify, take 1, wait, classify, reg_mr");
	assert_false(fake_provider.was_in_section);
	assert_int_equal(stats.registrations, 0);
	free(mr);
}
