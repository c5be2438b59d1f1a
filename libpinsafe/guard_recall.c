// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What ranges were when they were registered before, for those that are registered
 * again and again: which file, of which kind, and how it is guarded.
 *
 * None of it is trusted.  Blocks are known under a lease that is held, so it is
 * only for ranges that have them (lease_blocks.c), and the lease gets a holder
 * here.  What the memory is, is seen when it is pinned: the look again compares
 * file, offset, access and path.  Whatever does not fit, in any stage, means that
 * all is found out anew.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lease.h"
#include "registration.h"

#define BITS 10

struct known {
	struct mapping_part part; /* without a path: the lease has it */
	struct choice choice;
};

static struct known known[1 << BITS] PS_GUARDED_BY(table_lock);

static struct known *known_at(const void *addr) PS_REQUIRES(table_lock)
{
	return &known[hash_bits((uintptr_t)addr, BITS)];
}

/* That of a layout lease depends on the file and its path only. */
static bool is_worth_it(const struct registration *reg,
			const struct lease *lease)
{
	const struct mapping_part *part = &reg->mapping.parts[0];

	return reg->choices[0].backend == &lease_layout &&
	       lease->backend == &lease_layout &&
	       (part->kind == MAPPING_FSDAX || lease->keeps_writes) &&
	       part->writable && part->file.dev == part->file.map_dev &&
	       !strcmp(part->file.path, lease->path);
}

void guard_note(const struct registration *reg)
{
	struct known *one;

	if (!reg->may_recall || reg->recalled || reg->is_on_demand ||
	    reg->mapping.n_parts != 1 || !guard_is_all_shared(reg) ||
	    reg->gmr->n_leases != 1 || !is_worth_it(reg, reg->gmr->leases[0]))
		return;
	ps_lock(&table_lock);
	one = known_at(reg->addr);
	one->part = reg->mapping.parts[0];
	one->part.file.path = NULL;
	one->part.file.hint = NULL;
	one->choice = reg->choices[0];
	ps_unlock(&table_lock);
}

void guard_unlearn(const struct registration *reg)
{
	ps_lock(&table_lock);
	memset(known_at(reg->addr), 0, sizeof(struct known));
	ps_unlock(&table_lock);
}

static bool find(const struct registration *reg, struct known *ret_known)
{
	uintptr_t start = (uintptr_t)reg->addr, end = start + reg->length;
	const struct known *one;
	bool is_found;

	ps_lock(&table_lock);
	one = known_at(reg->addr);
	is_found = start < end && one->part.start == start;
	if (is_found) {
		*ret_known = *one;
		ret_known->part.end = end;
	}
	ps_unlock(&table_lock);
	return is_found;
}

static bool fill_in(struct registration *reg, const struct known *one,
		    const struct lease *lease)
{
	struct mapping_part *part = malloc(sizeof(*part));
	struct choice *choice = malloc(sizeof(*choice));
	char *path = strdup(lease->path);

	if (!part || !choice || !path) {
		free(part);
		free(choice);
		free(path);
		return false;
	}
	*part = one->part;
	part->file.path = path;
	*choice = one->choice;
	reg->mapping = (struct mapping){ 1, part };
	reg->choices = choice;
	reg->is_guarded = true;
	return true;
}

bool guard_recall(struct registration *reg)
{
	struct lease *lease;
	struct known one;

	if (!reg->may_recall || !reg->is_written ||
	    reg->access & IBV_ACCESS_MW_BIND || !find(reg, &one))
		return false;
	lease = lease_get_with_blocks(one.part.file.dev, one.part.file.ino,
				      guard_first_byte(&one.part),
				      guard_end_byte(&one.part));
	if (!lease)
		return false;
	if (lease->backend != &lease_layout ||
	    (one.part.kind != MAPPING_FSDAX && !lease->keeps_writes) ||
	    !fill_in(reg, &one, lease)) {
		lease_put(lease);
		return false;
	}
	reg->recalled = lease;
	return true;
}
