// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Prefault: blocks and pages for all that is to be guarded, if they are not known
 * to be there, and why that fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <unistd.h>

#include "aside.h"
#include "base/sys.h"
#include "lease.h"
#include "memory/mapping.h"
#include "memory/prefault.h"
#include "refusal/refusal.h"
#include "registration.h"

/* Of a part whose pages the kernel has no memory for */
#define MAX_TRIES 16

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

struct prefaulting {
	struct guarded_mr *gmr;
	struct progress progress;
};

static bool is_any_broken(void *arg)
{
	const struct guarded_mr *gmr = ((struct prefaulting *)arg)->gmr;

	return !PS_LOCKED(&table_lock,
			  lease_are_held(gmr->leases, gmr->n_leases));
}

struct look_args {
	const struct lease *lease;
	const struct mapping_part *part;
	struct cause *cause;
};

/* Of what says something about the call, and not about the file */
static int note(const struct look_args *args, const char *call, int r)
{
	if (r && r != EFAULT && r != EAGAIN && r != ENXIO && r != EOPNOTSUPP)
		return cause_call(args->cause, call, r);
	return r;
}

/* Who may not write to a file can allocate no blocks in it (ext4 and xfs). */
static bool is_immutable(int fd)
{
	struct statx stx;

	return !sys_statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx) &&
	       stx.stx_attributes &
		       (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND);
}

static int find_out_why(void *arg)
{
	const struct look_args *args = arg;
	int fd, r;

	r = args->lease->backend->open(args->lease, &args->part->file, O_RDWR,
				       &fd);
	if (!r) {
		r = note(args, "fallocate(2)",
			 prefault_why(args->part, fd, page_size()));
		(void)sys_close(fd);
	} else {
		r = r == EPERM ? note(args, "open(2)", r) : EFAULT;
	}
	if (r == EPERM && is_immutable(args->lease->fd.fd))
		args->cause->kind = CAUSE_IMMUTABLE;
	return r;
}

/* Both ask the file system, which may wait for others: aside of the keeper */
static int check_blocks(void *arg)
{
	const struct look_args *args = arg;
	int fd, r;

	r = args->lease->backend->open(args->lease, &args->part->file, O_RDONLY,
				       &fd);
	if (r)
		return note(args, "open(2)", r);
	r = note(args, "ioctl(2) with FS_IOC_FIEMAP",
		 prefault_check_blocks(args->part, fd));
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

/* In whole pages */
static size_t size_of(const struct mapping_part *part)
{
	size_t page = page_size();

	return ((part->end + page - 1) & ~(page - 1)) -
	       (part->start & ~(page - 1));
}

uint64_t guard_first_byte(const struct mapping_part *part)
{
	return part->offset & ~((uint64_t)page_size() - 1);
}

uint64_t guard_end_byte(const struct mapping_part *part)
{
	return guard_first_byte(part) + size_of(part);
}

/*
 * The kernel makes pages present that it pins, by write faults if the device may
 * write; but it is alone then, nobody can stop it, and it does not say why it
 * fails.  That matters where there are blocks to allocate, so this is for what
 * had them under this lease; and a failure is looked into (guard_register.c).
 */
static bool may_leave_it_to_kernel(struct registration *reg,
				   const struct mapping_part *part,
				   const struct lease *lease)
{
	if (!reg->may_trust_lease || !lease || !reg->is_written ||
	    !part->writable ||
	    !lease_has_blocks(lease, guard_first_byte(part),
			      guard_end_byte(part)))
		return false;
	reg->has_trusted_lease = true;
	return true;
}

/*
 * ENOMEM is also said of what is not mapped.  If all of it is there again, as it
 * was, then another thread has moved it away and back; else memory is short, and
 * that may be over as well.
 */
static int populate_part(struct registration *reg, struct mapping_part *part,
			 bool for_write, const struct populate_watch *watch)
{
	unsigned int tries;
	int r = 0;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		r = prefault(part, page_size(), for_write, n_threads(reg),
			     watch);
		if (r != ENOMEM)
			return r;
		/* Once seen that is so: it may look as it was a moment later. */
		if (guard_is_replaced(reg))
			return EAGAIN;
	}
	return r;
}

static int prefault_part(struct registration *reg, struct mapping_part *part,
			 const struct populate_watch *watch)
{
	struct lease *lease = lease_of_file(reg->gmr->leases,
					    reg->gmr->n_leases, &part->file);
	struct look_args args = { lease, part, &reg->cause };
	bool for_write = part->writable && needs_blocks(reg, part);
	int r;

	if (may_leave_it_to_kernel(reg, part, lease))
		return 0;
	/* Nobody has looked what is there, but it is to be written to. */
	if (reg->recalled)
		return prefault(part, page_size(), true, 1, watch) ? EAGAIN : 0;
	r = populate_part(reg, part, for_write, watch);
	/* The program does not want it any more, and knows why. */
	if (r == ECANCELED)
		return r;
	(void)note(&args, "madvise(2)", r);
	if (args.lease && r == EFAULT && for_write)
		r = aside_call(find_out_why, &args);
	else if (args.lease && !r && !part->writable &&
		 part->kind == MAPPING_FSDAX)
		r = aside_call(check_blocks, &args);
	if (r == EAGAIN && reg->cause.kind != CAUSE_REPLACED)
		reg->cause.kind = CAUSE_BREAK;
	if (lease && !r && for_write)
		lease_note_blocks(lease, guard_first_byte(part),
				  guard_end_byte(part));
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

static int tell_progress(void *arg, size_t done)
{
	struct prefaulting *prefaulting = arg;

	return progress_made(&prefaulting->progress, done);
}

int guard_prefault(struct registration *reg)
{
	struct prefaulting prefaulting = { .gmr = reg->gmr };
	struct populate_watch watch = { is_any_broken, tell_progress,
					&prefaulting };
	struct progress *progress = &prefaulting.progress;
	const struct mapping *mapping = &reg->mapping;
	size_t i;
	int r;

	reg->has_trusted_lease = false;
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
