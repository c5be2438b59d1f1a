// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What a broken lease leads to, and the only place that knows the order:
 *
 *   break -> revoke the memory regions -> release the lease
 *
 * A lease is never released while one of its memory regions may be alive.  If
 * an MR can not be destroyed the lease stays, and the kernel fails whoever
 * wants the blocks with ETXTBSY at the end of lease-break-time.
 */
#include <string.h>

#include "breaker.h"
#include "lease.h"
#include "log.h"
#include "revoke.h"
#include "stats.h"
#include "track.h"

static uint64_t round_number;

/* The MR is a zombie afterwards, which the program may destroy at any time. */
static void finish(struct guarded_mr *gmr)
{
	size_t i;

	for (i = 0; i < gmr->n_leases; i++)
		lease_drop_holder(gmr->leases[i]);
	track_claim_done(gmr, true);
}

static void revoke_all(struct lease *lease)
{
	struct guarded_mr *gmr;
	int r;

	while ((gmr = track_claim(lease, NULL, round_number))) {
		r = revoke_mr(gmr->mr);
		if (!r) {
			lease->n_revoked++;
			stats_add(revoked_mrs, 1);
			finish(gmr);
			continue;
		}
		stats_add(revoke_failures, 1);
		if (!lease->has_failed)
			log_error("breaker: %s: memory region with lkey 0x%x cannot be revoked: %s; the lease stays and whoever removes blocks of the file has to wait",
				  lease->path, gmr->mr->lkey, strerror(r));
		lease->has_failed = true;
		track_claim_done(gmr, false);
	}
}

bool breaker_run(void)
{
	struct lease *lease = NULL;

	lease_scan();
	round_number++;
	while ((lease = lease_next_broken(lease)))
		revoke_all(lease);
	return lease_reap();
}

void breaker_revoke_context(struct ibv_context *context)
{
	struct guarded_mr *gmr;

	round_number++;
	while ((gmr = track_claim(NULL, context, round_number))) {
		if (revoke_mr(gmr->mr))
			track_claim_done(gmr, false);
		else
			finish(gmr);
	}
	lease_reap();
}
