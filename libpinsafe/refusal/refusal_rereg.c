// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Sentences for ibv_rereg_mr(), for keys that came back, and for memory regions
 * that cannot be destroyed.
 */
#include <errno.h>

#include "base/log.h"
#include "base/stats.h"
#include "refusal/refusal.h"
#include "refusal/refusal_say.h"

int refusal_rereg(uint32_t lkey, const char *why)
{
	stats_add_refusal(EOPNOTSUPP);
	log_error("guard: memory region with lkey 0x%x: ibv_rereg_mr() refused with EOPNOTSUPP: %s; deregister and register instead",
		lkey, why);
	return EOPNOTSUPP;
}

int refusal_rereg_remapped(uint32_t lkey)
{
	stats_add_refusal(EAGAIN);
	log_error("guard: memory region with lkey 0x%x: ibv_rereg_mr() failed with EAGAIN: another thread mapped other memory there meanwhile, so it is revoked; deregister and register instead",
		lkey);
	return EAGAIN;
}

void refusal_orphan(const struct mapping_part *part, uint32_t lkey)
{
	log_error("guard: %s: memory region with lkey 0x%x was to be undone, but cannot be destroyed: it keeps its lease",
		part->file.path, lkey);
}

int refusal_retired(uint32_t lkey, size_t n)
{
	return refusal_explain(
		EADDRNOTAVAIL,
		"registration refused with EADDRNOTAVAIL: %zu times the device handed out the key of a memory region that was revoked, 0x%x at last, and a peer that still holds it could write here; close the device and open it again",
		n, lkey);
}

int refusal_rereg_retired(uint32_t lkey)
{
	stats_add_refusal(EADDRNOTAVAIL);
	log_error("guard: memory region with lkey 0x%x: ibv_rereg_mr() failed with EADDRNOTAVAIL: the device gave it the key of one that was revoked, so it is revoked, too; deregister and register instead",
		lkey);
	return EADDRNOTAVAIL;
}

void refusal_remapped_stuck(uint32_t lkey)
{
	log_error("guard: memory region with lkey 0x%x is over memory that was replaced meanwhile, and cannot be destroyed: THE DEVICE CAN GO ON TO USE IT",
		lkey);
}

void refusal_stuck(uint32_t lkey, bool is_retired)
{
	log_error("guard: memory region with lkey 0x%x %s cannot be destroyed%s",
		  lkey,
		  is_retired ? "has the key of one that was revoked, and" :
			       "was to be undone, but",
		  is_retired ?
			  ": A PEER THAT STILL HOLDS THE KEY CAN WRITE TO ITS MEMORY" :
			  "");
}
