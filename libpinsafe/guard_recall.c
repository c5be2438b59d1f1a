// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What memory was when it was registered before: which file, of which kind, and how
 * it is guarded.  For ranges that are registered again and again, and for others of
 * the same mappings.
 *
 * None of it is trusted.  It is only for files whose lease is held, which gets a
 * holder here.  What the memory is, is seen when it is pinned: the look again
 * compares file, offset, access and path.  Whatever does not fit, in any stage,
 * means that all is found out anew.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lease.h"
#include "registration.h"

#define BITS 10
/* A place for each range, and one for each so many bytes of a mapping */
#define PIECE_BITS 21
/* Without blocks: what takes long to populate is told, and of which file. */
#define MAX_POPULATED (1ul << PIECE_BITS)

struct known {
	struct mapping_part part; /* without a path: the lease has it */
	struct choice choice;
};

static struct known known[1 << BITS] PS_GUARDED_BY(table_lock);

static struct known *known_range(const void *addr) PS_REQUIRES(table_lock)
{
	return &known[hash_bits((uintptr_t)addr, BITS)];
}

static struct known *known_piece(const void *addr) PS_REQUIRES(table_lock)
{
	return &known[hash_bits(~((uintptr_t)addr >> PIECE_BITS), BITS)];
}

/* That of a file and its path only */
static bool is_choice_of(const struct mapping_part *part,
			 const struct choice *choice, const struct lease *lease)
{
	return choice->backend == lease->backend &&
	       (lease->backend == &lease_ordinary ||
		part->kind != MAPPING_PAGE_CACHE || lease->keeps_writes);
}

static bool is_worth_it(const struct registration *reg)
{
	const struct mapping_part *part = &reg->mapping.parts[0];

	if (!reg->may_recall || !reg->is_written || reg->is_on_demand ||
	    reg->mapping.n_parts != 1 || !guard_is_all_shared(reg) ||
	    reg->gmr->n_leases != 1)
		return false;
	return is_choice_of(part, reg->choices, reg->gmr->leases[0]) &&
	       part->writable && part->file.dev == part->file.map_dev &&
	       !strcmp(part->file.path, reg->gmr->leases[0]->path);
}

void guard_note(const struct registration *reg)
{
	const struct mapping_part *part = &reg->mapping.parts[0];
	struct known one;

	if (reg->recalled)
		lease_note_blocks(reg->recalled, guard_first_byte(part),
				  guard_end_byte(part));
	if (reg->is_again || !is_worth_it(reg))
		return;
	one = (struct known){ *part, reg->choices[0] };
	one.part.file.path = NULL;
	one.part.file.hint = NULL;
	ps_lock(&table_lock);
	*known_range(reg->addr) = one;
	*known_piece(reg->addr) = one;
	ps_unlock(&table_lock);
}

void guard_unlearn(const struct registration *reg)
{
	SECTION(section);

	ps_lock(&table_lock);
	memset(known_range(reg->addr), 0, sizeof(struct known));
	memset(known_piece(reg->addr), 0, sizeof(struct known));
	ps_unlock(&table_lock);
}

/* Of all of the range */
static const struct known *find(const struct registration *reg)
	PS_REQUIRES(table_lock)
{
	uintptr_t start = (uintptr_t)reg->addr, end = start + reg->length;
	const struct known *one = known_range(reg->addr);

	if (one->part.start != start)
		one = known_piece(reg->addr);
	return start < end && one->part.file.start <= start &&
			       end <= one->part.file.end ?
		       one :
		       NULL;
}

bool guard_is_known(const struct registration *reg)
{
	SECTION(section);

	return PS_LOCKED(&table_lock, find(reg) != NULL);
}

/* What is known, as that of the range of @reg; and is it of this very range? */
static bool get(const struct registration *reg, struct known *ret_known,
		bool *ret_is_again)
{
	uintptr_t start = (uintptr_t)reg->addr;
	struct mapping_part *part = &ret_known->part;
	const struct known *one;

	ps_lock(&table_lock);
	one = find(reg);
	if (one)
		*ret_known = *one;
	ps_unlock(&table_lock);
	if (!one)
		return false;
	*ret_is_again = part->start == start;
	part->offset += start - part->start;
	part->start = start;
	part->end = start + reg->length;
	return true;
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

static bool may_be_populated(const struct registration *reg,
			     const struct known *one, const struct lease *lease)
{
	return reg->length <= MAX_POPULATED ||
	       lease_has_blocks(lease, guard_first_byte(&one->part),
				guard_end_byte(&one->part));
}

bool guard_recall(struct registration *reg)
{
	struct lease *lease;
	struct known one;
	bool is_again;

	if (!reg->may_recall || !reg->is_written ||
	    reg->access & IBV_ACCESS_MW_BIND || !get(reg, &one, &is_again))
		return false;
	lease = lease_get_held(one.part.file.dev, one.part.file.ino);
	if (!lease)
		return false;
	if (!is_choice_of(&one.part, &one.choice, lease) ||
	    !may_be_populated(reg, &one, lease) || !fill_in(reg, &one, lease)) {
		lease_put(lease);
		return false;
	}
	reg->recalled = lease;
	reg->is_again = is_again;
	return true;
}
