/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cause.h"
#include "memory/mapping.h"

/*
 * Why a registration is refused: one sentence that names the file, the rule
 * and the way out.  Each returns the errno that the program gets; @r is the
 * errno of the stage that could not go on.
 */

/* May it go on without a guard?  The policy can say so (on_refuse=warn). */
bool refusal_is_only_warning(const struct mapping *mapping);
/* Says that it does, after what was wrong */
void refusal_let_pass(const struct mapping_part *part);

/* What helps against a system call that fails with @error */
const char *refusal_way_out(int error);

int refusal_no_maps(int r);
/* What is to be remembered of a memory region at @addr has no room. */
int refusal_no_memory(const void *addr);
/* There is no thread that calls break handlers. */
int refusal_no_handlers(const void *addr, const struct cause *cause, int r);
int refusal_no_guard(const struct mapping_part *part);
/* Where @why says it all; 0: it does not, and nothing is said. */
int refusal_plain(const struct mapping_part *part, enum cause_kind why);
/* The file was found by its path only, not as the one that is mapped. */
int refusal_no_match(const struct mapping_part *part);
/* Nobody can tell whether it needs stable pages: the disk cannot be asked. */
int refusal_disk(const struct mapping_part *part, int r);
/* @entry pins memory without a memory region that could be revoked. */
int refusal_entry(const struct mapping_part *part, const char *entry);
/* @cause: what lease_take() has recorded */
int refusal_lease(const struct mapping_part *part, const struct cause *cause,
		  int r);
/*
 * Written, by policy only with a promise that the lease does not have; @cause: as
 * lease_why_not_written() has recorded it
 */
int refusal_not_written(const struct mapping_part *part,
			const struct cause *cause);
/* NULL: the preload object is not there. */
struct called_bypass;
int refusal_no_watch(const struct mapping_part *part,
		     const struct called_bypass *bypass);
/* @cause: of EFAULT, as mapping_find_fault() has recorded it */
int refusal_prefault(const struct mapping_part *part,
		     const struct cause *cause, int r);
int refusal_no_keeper(const struct mapping_part *part,
		      const struct cause *cause, int r);
int refusal_adopt(const struct mapping_part *part, const struct cause *cause,
		  int r);
/* @is_written: the device was to write to the memory */
int refusal_register(const struct mapping_part *part,
		     const struct cause *cause, bool is_written, int r);
/* @waited_ms: how long it was tried */
int refusal_retake(const struct mapping_part *part, const struct cause *cause,
		   int waited_ms);
int refusal_private_dax(const struct cause *cause);
/* For memory of no file, under which files come and go */
int refusal_replaced(const void *addr);
/* Of ibv_rereg_mr(), because of the memory region, whatever the policy says */
int refusal_rereg(uint32_t lkey, const char *why);
/* And once it was moved, so that it is revoked */
int refusal_rereg_remapped(uint32_t lkey);
/* All of @n attempts, the last with @lkey, had keys that were revoked. */
int refusal_retired(uint32_t lkey, size_t n);
/* The same: it was given the key of one that was revoked. */
int refusal_rereg_retired(uint32_t lkey);

/* Not a refusal, but close: an MR that was to be undone and could not be. */
void refusal_orphan(const struct mapping_part *part, uint32_t lkey);
/* The same for one that came to life under a retired key, or beside such a one */
void refusal_stuck(uint32_t lkey, bool is_retired);
/* For one that is over memory that was replaced meanwhile */
void refusal_remapped_stuck(uint32_t lkey);
