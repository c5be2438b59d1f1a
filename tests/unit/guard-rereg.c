// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* ibv_rereg_mr(): the stages in their order, and where they fail */
#include <errno.h>
#include <stdlib.h>

#include "lib/ruled.h"

#define MOVE                               \
	(IBV_REREG_MR_CHANGE_TRANSLATION | \
	 IBV_REREG_MR_CHANGE_ACCESS)
#define MOVED                                                               \
	"held? 1, claim, enter, redirty, rereg_mr, replace, put 1, classify"

static struct ibv_mr *reg(void)
{
	struct ibv_mr *mr = guarded_reg(IBV_ACCESS_LOCAL_WRITE);

	assert_non_null(mr);
	record_clear();
	stats.registrations = 0;
	return mr;
}

static int rereg(struct ibv_mr *mr, int flags)
{
	errno = 0;
	return guard_rereg_mr(&fake_provider_ops, mr, flags, &guarded_pd,
			      (void *)0x2000, 0x1000, IBV_ACCESS_LOCAL_WRITE);
}

RULED_CASE(moved__in_order)
{
	struct ibv_mr *mr = reg();

	assert_int_equal(rereg(mr, MOVE), 0);
	assert_record("classify, take 1, prefault 1, " MOVED);
	assert_int_equal(fake_lease.holders[1], 1);
	assert_ptr_equal(fake_track_params().addr, (void *)0x2000);
	assert_int_equal(fake_track_params().iova, 0x2000);
	assert_int_equal(fake_provider.access, IBV_ACCESS_LOCAL_WRITE);
	assert_int_equal(stats.registrations, 1);
}

RULED_CASE(in_place__what_it_was_stays)
{
	struct ibv_mr *mr = reg();

	assert_int_equal(rereg(mr, IBV_REREG_MR_CHANGE_ACCESS), 0);
	assert_record("classify, take 1, prefault 1, held? 1, claim, enter, "
		      "rereg_mr, settle, put 1, classify");
	assert_ptr_equal(fake_track_params().addr, (void *)0x1000);
	assert_int_equal(fake_track.gmr->n_ranges, 1);
	assert_int_equal(fake_lease.holders[1], 1);
}

static void access_is_looked_at(int access, bool is_written)
{
	struct ibv_mr *mr = reg();

	assert_int_equal(guard_rereg_mr(&fake_provider_ops, mr,
					MOVE, &guarded_pd, (void *)0x2000,
					0x1000, access),
			 0);
	assert_int_equal(fake_track.gmr->is_written, is_written);
	assert_int_equal(fake_track_params().access, access);
}

RULED_CASE(only_read_from_now_on__known)
{
	access_is_looked_at(IBV_ACCESS_REMOTE_READ, false);
}

RULED_CASE(written_from_now_on__known)
{
	access_is_looked_at(IBV_ACCESS_REMOTE_ATOMIC, true);
}

RULED_CASE(lease_broken_on_the_way__tried_again)
{
	struct ibv_mr *mr = reg();

	fake_retake_left = 1;
	fake_lease.is_held = ONCE(1);
	assert_int_equal(rereg(mr, MOVE), 0);
	assert_record("classify, take 1, prefault 1, held? 1, put 1, wait, "
		      "classify, take 1, prefault 1, " MOVED);
	assert_int_equal(stats.retakes, 1);
}

/* @text: what has happened; the memory region is as it was. */
static void assert_refused(struct ibv_mr *mr, int error, const char *text)
{
	const struct guarded_mr *before = fake_track.gmr;

	assert_int_equal(rereg(mr, MOVE), IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, error);
	assert_record(text);
	assert_ptr_equal(fake_track.gmr, before);
	assert_int_equal(fake_lease.holders[1], 1);
	assert_int_equal(stats.refusals, 1);
}

RULED_CASE(lease_is_always_broken__EAGAIN)
{
	struct ibv_mr *mr = reg();

	fake_lease.is_held = ALWAYS(1);
	assert_refused(mr, EAGAIN,
		       "classify, take 1, prefault 1, held? 1, put 1");
	assert_logged("its lease is being broken");
}

RULED_CASE(no_space__ENOSPC)
{
	struct ibv_mr *mr = reg();

	fake_prefault.prefault = ALWAYS(ENOSPC);
	assert_refused(mr, ENOSPC, "classify, take 1, prefault 1, put 1");
}

RULED_CASE(classify_fails__its_errno)
{
	struct ibv_mr *mr = reg();

	fake_mapping.classify = ALWAYS(ENOMEM);
	assert_int_equal(rereg(mr, MOVE), IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, ENOMEM);
	assert_record("classify");
}

RULED_CASE(revoked_on_the_way__refused_whatever_the_policy)
{
	struct ibv_mr *mr = reg();

	fake_config.policy.warn_on_refuse = true;
	fake_track.begin_rereg = ALWAYS(ESTALE);
	assert_refused(mr, EOPNOTSUPP,
		       "classify, take 1, prefault 1, held? 1, claim, put 1");
	assert_logged("it was revoked");
}

RULED_CASE(no_memory_for_both__ENOMEM)
{
	struct ibv_mr *mr = reg();

	fake_track.alloc = ONCE_AT(2, ENOMEM);
	assert_int_equal(rereg(mr, MOVE), IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, ENOMEM);
	assert_record("classify, take 1, prefault 1, held? 1, claim, keep, "
		      "put 1");
	assert_int_equal(fake_lease.holders[1], 1);
}

RULED_CASE(on_demand__refused)
{
	struct ibv_mr *mr = reg();

	fake_track.gmr->is_on_demand = true;
	assert_refused(mr, EOPNOTSUPP,
		       "classify, take 1, prefault 1, held? 1, claim, keep, "
		       "put 1");
	assert_logged("it is with on-demand paging");
}

RULED_CASE(policy_wants_on_demand__refused)
{
	struct ibv_mr *mr = reg();

	fake_config.policy.guard = GUARD_ODP;
	assert_refused(mr, EOPNOTSUPP, "classify");
	assert_logged("cannot put a memory region on demand");
}

/* New registrations would be put on demand. */
RULED_CASE(no_lease_for_the_file__refused)
{
	struct ibv_mr *mr = reg();

	fake_watch_is_enabled = true;
	fake_odp.is_offered = true;
	fake_lease.take = ALWAYS(EOPNOTSUPP);
	assert_refused(mr, EOPNOTSUPP, "classify, take 1");
}

RULED_CASE(policy_leaves_it_unguarded__the_old_lease_goes)
{
	struct ibv_mr *mr = reg();

	fake_config.policy.guard = GUARD_NONE;
	assert_int_equal(rereg(mr, MOVE), 0);
	assert_record("classify, claim, enter, redirty, rereg_mr, untrack, "
		      "put 1");
	assert_int_equal(stats.unprotected, 1);
	free(mr);
}

RULED_CASE(refused_but_the_policy_only_warns__moved)
{
	struct ibv_mr *mr = reg();

	fake_config.policy.warn_on_refuse = true;
	fake_prefault.prefault = ALWAYS(ENOSPC);
	assert_int_equal(rereg(mr, MOVE), 0);
	assert_record("classify, take 1, prefault 1, put 1, claim, enter, "
		      "redirty, rereg_mr, untrack, put 1");
	free(mr);
}

RULED_CASE(provider_fails__the_guards_of_both)
{
	struct ibv_mr *mr = reg();

	fake_mapping.parts[0].file.ino = 2;
	fake_provider.rereg_mr = ALWAYS(ENOMEM);
	assert_int_equal(rereg(mr, MOVE), ENOMEM);
	assert_record("classify, take 2, prefault 2, held? 2, claim, enter, "
		      "redirty, rereg_mr, settle");
	assert_int_equal(fake_track.gmr->n_leases, 2);
	assert_int_equal(fake_track.gmr->n_ranges, 2);
	assert_ptr_equal(fake_track_params().addr, (void *)0x1000);
	assert_int_equal(stats.registrations, 0);
}

RULED_CASE(not_offered__EOPNOTSUPP_and_nothing_else)
{
	struct real_verbs without = fake_provider_ops;
	struct ibv_mr *mr = reg();

	without.rereg_mr = NULL;
	errno = 0;
	assert_int_equal(guard_rereg_mr(&without, mr, MOVE, &guarded_pd,
					(void *)0x2000, 0x1000, 0),
			 IBV_REREG_MR_ERR_INPUT);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_record("");
}

RULED_CASE(not_guarded_and_stays_so__as_without_us)
{
	struct ibv_mr mr = { .context = &guarded_context, .pd = &guarded_pd };

	fake_mapping_set(0, MAPPING_FSDAX);
	assert_int_equal(rereg(&mr, MOVE), 0);
	assert_record("classify, claim, rereg_mr");
	record_clear();
	assert_int_equal(rereg(&mr, IBV_REREG_MR_CHANGE_PD), 0);
	assert_record("claim, rereg_mr");
}

/* The program has it watched by nobody, as a registration of its own would. */
RULED_CASE(not_guarded_and_on_demand__as_without_us)
{
	struct ibv_mr mr = { .context = &guarded_context, .pd = &guarded_pd };

	stats.leases = 1;
	assert_int_equal(guard_rereg_mr(&fake_provider_ops, &mr, MOVE,
					&guarded_pd, (void *)0x2000, 0x1000,
					IBV_ACCESS_ON_DEMAND),
			 0);
	assert_record("claim, rereg_mr");
}
