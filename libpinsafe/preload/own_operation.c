// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Operations of the program itself of which the kernel tells nobody: an
 * ordinary lease is not broken by what is done through the descriptor that has
 * it, and on-demand paging follows an address into the next mapping.  For what
 * is written back see own_sync.c.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fork.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/scratch.h"
#include "keeper.h"
#include "lease.h"
#include "memory/vma.h"
#include "preload/private.h"
#include "refusal/refusal.h"
#include "retake.h"
#include "revoke.h"
#include "track.h"

struct range {
	uintptr_t start, end;
	uint64_t ticket;
};

static int unmapping_on_keeper(void *arg)
{
	const struct range *range = arg;

	revoke_on_demand(range->start, range->end);
	return 0;
}

static int unmapped_on_keeper(void *arg)
{
	const struct range *range = arg;

	watch_forget_range(range->start, range->end, range->ticket);
	return 0;
}

static int remapped_on_keeper(void *arg)
{
	watch_move(arg);
	return 0;
}

static void ask_keeper(int (*fn)(void *arg), void *arg)
{
	int saved_errno = errno;

	fork_check();
	SECTION(section);
	/* Where there is no keeper it keeps nothing, and nothing is on demand. */
	(void)keeper_call(fn, arg);
	errno = saved_errno;
}

static uintptr_t end_of(const void *addr, size_t length)
{
	return own_page_end((uintptr_t)addr + length);
}

PINSAFE_EXPORT uint64_t pinsafe_private_unmapping(const void *addr,
						  size_t length)
{
	struct range range = {.start = (uintptr_t)addr,
			      .end = end_of(addr, length)};

	/* What the keeper unmaps is its allocator's: nothing of the program. */
	if (keeper_is_self())
		return 0;
	if (watch_covers(range.start, range.end))
		ask_keeper(unmapping_on_keeper, &range);
	/* mremap(2) without a length has an address all the same. */
	return watch_ticket(range.start,
			    length ? range.end : range.start + 1);
}

PINSAFE_EXPORT void pinsafe_private_unmapped(const void *addr, size_t length,
					     uint64_t ticket)
{
	struct range range = {.start = (uintptr_t)addr,
			      .end = end_of(addr, length),
			      .ticket = ticket};

	ask_keeper(unmapped_on_keeper, &range);
}

PINSAFE_EXPORT void pinsafe_private_remapped(const struct watch_move *move)
{
	struct watch_move whole = *move;

	whole.end = own_page_end(move->end);
	whole.new_end = own_page_end(move->new_end);
	ask_keeper(remapped_on_keeper, &whole);
}

static int break_on_keeper(void *arg)
{
	const struct lease_barrier *barrier = arg;

	if (lease_break_blind(barrier->dev, barrier->ino))
		(void)revoke_broken();
	return 0;
}

/* Until the last holder has let go of the lease; behind the barrier */
static int break_and_wait(struct lease_barrier *barrier)
{
	struct retake retake = RETAKE_INITIALIZER;
	bool exists;

	do {
		SECTION(section);
		exists = lease_exists_blind(barrier->dev, barrier->ino);
		if (exists) {
			(void)keeper_call(break_on_keeper, barrier);
			exists = lease_exists_blind(barrier->dev, barrier->ino);
		}
	} while (exists && retake_wait(&retake));
	return exists ? ETXTBSY : 0;
}

/* By the device: nothing that goes into other files */
static bool is_only_read(const struct lease_barrier *barrier)
{
	SECTION(section);
	return track_is_only_read(barrier->dev, barrier->ino);
}

static int begin(dev_t dev, ino_t ino, bool is_shared,
		 struct lease_barrier *barrier)
{
	int r;

	barrier->dev = dev;
	barrier->ino = ino;
	/* It has to be left again, and the operation is a cancellation point. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &barrier->cancel_state);
	lease_barrier_enter(barrier);
	if (!lease_may_be_blind(dev, ino) ||
	    (is_shared && is_only_read(barrier)))
		return 0;
	r = break_and_wait(barrier);
	if (r) {
		log_error("own_operation: the program takes blocks away from a file, shares them, or turns on O_DIRECT, while a device uses it, and the memory region cannot be revoked: refused with ETXTBSY");
		pinsafe_private_removal_end(barrier);
	}
	return r;
}

/* Where it need not be known of which file it is */
static bool begin_any(struct lease_barrier *barrier)
{
	fork_check();
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &barrier->cancel_state);
	if (lease_barrier_enter_any(barrier))
		return true;
	pthread_setcancelstate(barrier->cancel_state, NULL);
	return false;
}

PINSAFE_EXPORT int pinsafe_private_removal_begin(int fd, bool is_shared,
						 struct lease_barrier *barrier)
{
	int r = ENOENT, saved_errno;
	struct stat st;

	if (!watch_is_enabled())
		return ENOENT;
	if (begin_any(barrier))
		return 0;
	saved_errno = errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		r = begin(st.st_dev, st.st_ino, is_shared, barrier);
	errno = saved_errno;
	return r;
}

PINSAFE_EXPORT void pinsafe_private_removal_end(struct lease_barrier *barrier)
{
	lease_barrier_leave(barrier);
	pthread_setcancelstate(barrier->cancel_state, NULL);
}

/* What of a mapping matters here; its path is large, and the stack may be small. */
struct piece {
	uintptr_t start, end;
	dev_t dev;
	ino_t ino;
};

_Static_assert(sizeof(struct vma) <= SCRATCH_SIZE, "it is read to there");

struct look_args {
	uintptr_t addr;
	struct piece *piece;
};

static int look(void *arg)
{
	const struct look_args *args = arg;
	struct vma *vma = scratch_take();
	struct vma_reader reader;
	int r;

	if (!vma)
		return ENOMEM;
	r = vma_open(&reader);
	if (r) { /* ENOENT is said of what is not mapped. */
		r = r == ENOENT ? ENOSYS : r;
		goto out_give;
	}
	r = vma_next(&reader, args->addr, vma);
	vma_close(&reader);
	if (!r)
		*args->piece = (struct piece){ vma->start, vma->end, vma->dev,
					       vma->ino };
out_give:
	scratch_give(vma);
	return r;
}

/*
 * The mapping at @addr, cut to @end.  ENOENT: there is none before
 * @ret_piece->end; or the errno of reading /proc/self/maps, ENOSYS: no /proc.
 */
static int next_piece(uintptr_t addr, uintptr_t end, struct piece *ret_piece)
{
	struct look_args args = { addr, ret_piece };
	SECTION(section);
	int r = keeper_call_if_full(look, &args);

	if (r && r != ENOENT)
		return r;
	if (r || ret_piece->start > end)
		ret_piece->start = end;
	if (ret_piece->start > addr) {
		ret_piece->end = ret_piece->start;
		return ENOENT;
	}
	if (ret_piece->end > end)
		ret_piece->end = end;
	return 0;
}

typedef int madvise_fn(void *addr, size_t length, int advice);

static int really_remove(uintptr_t start, uintptr_t end, madvise_fn *real)
{
	return real((void *)start, end - start, MADV_REMOVE) ? errno : 0;
}

static int remove_piece(uintptr_t start, const struct piece *piece,
			madvise_fn *real)
{
	struct lease_barrier barrier;
	int r;

	if (!piece->ino)
		return really_remove(start, piece->end, real);
	r = begin(piece->dev, piece->ino, false, &barrier);
	if (r)
		return r;
	r = really_remove(start, piece->end, real);
	pinsafe_private_removal_end(&barrier);
	return r;
}

/* Without /proc nobody can tell of which files; so no lease may be in the way. */
static int remove_unseen(uintptr_t start, uintptr_t end, int r,
			 madvise_fn *real)
{
	if (!lease_exists_any_blind())
		return really_remove(start, end, real);
	log_error("own_operation: the program takes blocks away from a file by madvise(2), and nobody can tell from which, because /proc/self/maps cannot be read: refused with ETXTBSY, since there are leases that do not see it; %s",
		  r == ENOSYS ? "mount /proc" : refusal_way_out(r));
	return ETXTBSY;
}

PINSAFE_EXPORT int
pinsafe_private_removal_mapped(void *addr, size_t length,
			       int (*real_madvise)(void *, size_t, int))
{
	uintptr_t start = (uintptr_t)addr, end = start + length;
	struct lease_barrier barrier;
	bool has_gap = false;
	struct piece piece;
	int r = 0;

	if (!watch_is_enabled() || start >= end)
		return real_madvise(addr, length, MADV_REMOVE);
	if (begin_any(&barrier)) {
		r = real_madvise(addr, length, MADV_REMOVE);
		pinsafe_private_removal_end(&barrier);
		return r;
	}
	/* One mapping after the other, as the kernel does it */
	for (; start < end && !r; start = piece.end) {
		r = next_piece(start, end, &piece);
		if (!r) {
			r = remove_piece(start, &piece, real_madvise);
		} else if (r == ENOENT) {
			/* It tells in the end, and goes on before. */
			has_gap = true;
			r = 0;
		} else {
			r = remove_unseen(start, end, r, real_madvise);
			break;
		}
	}
	if (!r && has_gap)
		r = ENOMEM;
	if (!r)
		return 0;
	errno = r;
	return -1;
}

static int exit_on_keeper(void *arg)
{
	revoke_all();
	return 0;
}

/*
 * A child may have inherited the description of a file.  Then an ordinary lease
 * would outlive this process, and with nobody to answer whoever breaks it would
 * have to wait for the end of lease-break-time.
 */
__attribute__((destructor)) static void own_exit(void)
{
	fork_check();
	if (!lease_exists_any_blind())
		return;
	SECTION(section);
	(void)keeper_call(exit_on_keeper, NULL);
}
