// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Lease -> prefault: what has to be there before the provider is asked to pin
 * memory, for a new memory region or for one that is moved.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "aside.h"
#include "device.h"
#include "guard.h"
#include "lease.h"
#include "mapping_access.h"
#include "prefault.h"
#include "progress.h"
#include "refusal.h"
#include "registration.h"
#include "sys.h"

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

void guard_put_leases(struct guarded_mr *gmr, size_t n_leases)
{
	while (n_leases)
		lease_put(gmr->leases[--n_leases]);
}

static bool is_broken(void *arg)
{
	struct guarded_mr *gmr = arg;
	bool broken = false;
	size_t i;

	ps_lock(&table_lock);
	for (i = 0; i < gmr->n_leases; i++)
		broken |= !lease_is_held_locked(gmr->leases[i]);
	ps_unlock(&table_lock);
	return broken;
}

bool guard_leases_are_held(const struct registration *reg)
{
	size_t i;

	for (i = 0; i < reg->gmr->n_leases; i++)
		if (!lease_is_held(reg->gmr->leases[i]))
			return false;
	return true;
}

static const struct lease *lease_of(const struct registration *reg,
				    const struct mapping_part *part)
{
	const struct guarded_mr *gmr = reg->gmr;
	size_t i;

	for (i = 0; i < gmr->n_leases; i++)
		if (gmr->leases[i]->dev == part->file.dev &&
		    gmr->leases[i]->ino == part->file.ino)
			return gmr->leases[i];
	return NULL;
}

struct look_args {
	const struct lease *lease;
	const struct mapping_part *part;
};

static int find_out_why(void *arg)
{
	const struct look_args *args = arg;
	int fd, r;

	r = lease_open(args->lease, &args->part->file, O_RDWR, &fd);
	if (r)
		return EFAULT;
	r = prefault_why(args->part, fd, page_size());
	(void)sys_close(fd);
	return r;
}

/* Both ask the file system, which may wait for others: aside of the keeper */
static int check_blocks(void *arg)
{
	const struct look_args *args = arg;
	int fd, r;

	r = lease_open(args->lease, &args->part->file, O_RDONLY, &fd);
	if (r)
		return r;
	r = prefault_check_blocks(args->part, fd);
	(void)sys_close(fd);
	return r;
}

/*
 * A hole of a file with DAX would be pinned as the zero page and stay zero for
 * the device for ever, also if it only reads.  A page cache has a page for it.
 */
static bool needs_blocks(const struct registration *reg,
			 const struct mapping_part *part)
{
	return reg->is_written || part->kind == MAPPING_FSDAX;
}

static unsigned int n_threads(const struct registration *reg)
{
	if (reg->options && reg->options->mask & PINSAFE_REG_PREFAULT_THREADS)
		return reg->options->prefault_threads;
	return 0;
}

static int prefault_part(struct registration *reg, struct mapping_part *part,
			 const struct populate_watch *watch)
{
	struct look_args args = { lease_of(reg, part), part };
	bool for_write = part->writable && needs_blocks(reg, part);
	int r;

	r = prefault(part, page_size(), for_write, n_threads(reg), watch);
	/* The program does not want it any more, and knows why. */
	if (r == ECANCELED)
		return r;
	if (args.lease && r == EFAULT && for_write)
		r = aside_call(find_out_why, &args);
	else if (args.lease && !r && !part->writable &&
		 part->kind == MAPPING_FSDAX)
		r = aside_call(check_blocks, &args);
	if (r == EAGAIN)
		reg->cause.kind = CAUSE_BREAK;
	if (!r || r == EAGAIN)
		return r;
	if ((r == EFAULT || r == ENOMEM || r == ENXIO) &&
	    guard_is_replaced(reg))
		return EAGAIN;
	if (r == EFAULT)
		mapping_find_fault((uintptr_t)reg->addr, reg->length,
				   reg->is_written, &reg->cause);
	return refusal_prefault(part, &reg->cause, r);
}

struct prefaulting {
	struct guarded_mr *gmr;
	struct progress progress;
};

static bool is_any_broken(void *arg)
{
	struct prefaulting *prefaulting = arg;

	return is_broken(prefaulting->gmr);
}

static int tell_progress(void *arg, size_t done)
{
	struct prefaulting *prefaulting = arg;

	return progress_made(&prefaulting->progress, done);
}

/* In whole pages */
static size_t size_of(const struct mapping_part *part)
{
	size_t page = page_size();

	return ((part->end + page - 1) & ~(page - 1)) -
	       (part->start & ~(page - 1));
}

static int prefault_all(struct registration *reg)
{
	struct prefaulting prefaulting = { .gmr = reg->gmr };
	struct populate_watch watch = { is_any_broken, tell_progress,
					&prefaulting };
	struct progress *progress = &prefaulting.progress;
	const struct mapping *mapping = &reg->mapping;
	size_t i;
	int r;

	progress_begin(progress, reg->options, reg->section);
	for (i = 0; i < mapping->n_parts; i++)
		if (reg->choices[i].guard != GUARD_NONE)
			progress->total += size_of(&mapping->parts[i]);
	for (i = 0; i < mapping->n_parts; i++) {
		if (reg->choices[i].guard == GUARD_NONE)
			continue;
		progress->path = mapping->parts[i].file.path;
		r = prefault_part(reg, &mapping->parts[i], &watch);
		if (r)
			return r;
		progress->done_before += size_of(&mapping->parts[i]);
	}
	return progress_end(progress);
}

static int adopt_context(const struct registration *reg)
{
	int r = device_adopt(reg->pd->context);

	if (!r || r == EAGAIN)
		return r;
	return refusal_adopt(&reg->mapping.parts[0], r);
}

static void note_ranges(struct registration *reg)
{
	struct guarded_mr *gmr = reg->gmr;
	size_t i;

	for (i = 0; i < reg->mapping.n_parts; i++) {
		const struct mapping_part *part = &reg->mapping.parts[i];
		const struct lease *lease = lease_of(reg, part);

		if (reg->choices[i].guard == GUARD_NONE)
			continue;
		gmr->ranges[gmr->n_ranges++] = (struct mr_range){
			.start = part->start,
			.end = part->end,
			.dev = part->file.dev,
			.ino = part->file.ino,
			.is_kept = lease && lease->keeps_writes,
		};
	}
}

int guard_prepare(struct registration *reg)
{
	int r;

	reg->gmr = track_alloc(reg->mapping.n_parts);
	if (!reg->gmr)
		return ENOMEM;
	r = reg->is_on_demand ? 0 : guard_take_leases(reg);
	note_ranges(reg);
	if (!r)
		r = prefault_all(reg);
	if (!r)
		r = adopt_context(reg);
	if (r)
		guard_undo_prepare(reg);
	return r;
}

void guard_undo_prepare(struct registration *reg)
{
	guard_put_leases(reg->gmr, reg->gmr->n_leases);
	track_free(reg->gmr);
	reg->gmr = NULL;
}
