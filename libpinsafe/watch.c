// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Keep the open file description of shared mappings for as long as they live:
 * an ordinary lease can only be taken through it, and many programs close
 * their descriptor once the file is mapped.
 *
 * The copies are in the keeper's descriptor table.  In the program's, to close
 * one would drop the record locks that the program has on the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fork.h"
#include "base/log.h"
#include "base/range_filter.h"
#include "base/sys.h"
#include "keeper.h"
#include "memory/vma.h"
#include "watch.h"

#define MAX_KEPT 1024

/*
 * Changed by the keeper's thread only; the addresses are read by all, without a
 * lock.  Those that change just then are of a mapping that is being made or
 * unmapped at the same time, of which nobody can expect an answer.
 */
static struct kept {
	/* What is left of the mapping; end 0: free */
	_Atomic uintptr_t start, end;
	uint64_t ticket;	/* that was the last when this was made */
	dev_t dev;
	ino_t ino;
	uint64_t looked_at;	/* in which round */
	struct keeper_fd fd;
	/* As it was entered in the filter */
	uintptr_t counted_start, counted_end;
} kept[MAX_KEPT];
static _Atomic size_t n_used;	/* behind these all are free; only grows */

/* So that most need not look at all of them */
#define SMALL_BITS 16
#define OTHER_BITS 10
static _Atomic uint32_t small[1 << SMALL_BITS], large[1 << OTHER_BITS],
	huge[1 << OTHER_BITS];
static struct range_filter filter = { {
	{ .shift = 16, .bits = SMALL_BITS, .counters = small },
	{ .shift = 24, .bits = OTHER_BITS, .counters = large },
	{ .shift = 32, .bits = OTHER_BITS, .counters = huge },
} };
static _Atomic uint64_t last_ticket;

atomic_bool pinsafe_private_is_watching;
static atomic_bool is_enabled;
/* What is on demand is in here; only grows. */
static _Atomic uintptr_t lowest = UINTPTR_MAX, highest;

bool watch_enable(void)
{
	/*
	 * What we are told of takes locks, which a child of a fork(2) by
	 * another thread must not inherit.
	 */
	return !fork_setup() && !atomic_exchange(&is_enabled, true);
}

bool watch_is_enabled(void)
{
	return atomic_load_explicit(&is_enabled, memory_order_relaxed);
}

bool watch_covers(uintptr_t start, uintptr_t end)
{
	return start < atomic_load(&highest) && atomic_load(&lowest) < end;
}

/*
 * Allocators ask, with their locks held, and must not be made to wait for the
 * keeper, which allocates.
 */
uint64_t watch_ticket(uintptr_t start, uintptr_t end)
{
	size_t i;

	if (!range_may_be_in(&filter, start, end))
		return 0;
	for (i = 0; i < n_used; i++)
		if (kept[i].start < end && start < kept[i].end)
			return atomic_load(&last_ticket);
	return 0;
}

void watch_cover(uintptr_t start, uintptr_t end)
{
	uintptr_t seen;

	atomic_store(&pinsafe_private_is_watching, true);
	seen = atomic_load(&lowest);
	while (start < seen &&
	       !atomic_compare_exchange_weak(&lowest, &seen, start))
		;
	seen = atomic_load(&highest);
	while (end > seen &&
	       !atomic_compare_exchange_weak(&highest, &seen, end))
		;
}

/* The other half of the keeper's descriptors is for leases and devices. */
static bool is_one_too_many(int fd)
{
	struct rlimit limit;

	return SYS_CALL(prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) ||
	       (rlim_t)fd >= limit.rlim_cur / 2;
}

/* Those that were not kept, of the keeper's thread; the oldest go first. */
static struct {
	dev_t dev;
	ino_t ino;
} refused[MAX_KEPT];
static size_t n_refused;

void watch_note_refused(dev_t dev, ino_t ino)
{
	refused[n_refused % MAX_KEPT].dev = dev;
	refused[n_refused++ % MAX_KEPT].ino = ino;
}

bool watch_has_refused(dev_t dev, ino_t ino)
{
	size_t i;

	for (i = 0; i < n_refused && i < MAX_KEPT; i++)
		if (refused[i].dev == dev && refused[i].ino == ino)
			return true;
	return false;
}

/* From @k on; NULL: there are none left. */
static struct kept *find_free(struct kept *k)
{
	for (; k < kept + MAX_KEPT; k++)
		if (!k->end)
			return k;
	return NULL;
}

/* Whoever sees the end sees all of it. */
static void enter(struct kept *k, uintptr_t start, uintptr_t end)
{
	atomic_store(&pinsafe_private_is_watching, true);
	k->counted_start = start;
	k->counted_end = end;
	range_count(&filter, start, end, 1);
	k->start = start;
	k->end = end;
	if (n_used <= (size_t)(k - kept))
		n_used = k - kept + 1;
}

static void leave(struct kept *k)
{
	keeper_close(&k->fd);
	k->end = 0;
	range_count(&filter, k->counted_start, k->counted_end, -1);
}

int watch_keep(uintptr_t start, uintptr_t end, int fd, dev_t dev, ino_t ino)
{
	struct kept *k = find_free(kept);
	struct stat st;
	int r = 0;

	if (!k)
		r = ENFILE;
	else if (is_one_too_many(fd))
		r = EMFILE;
	else if (sys_fstat(fd, &st) || st.st_dev != dev || st.st_ino != ino)
		r = ENOENT;
	if (r) {
		(void)sys_close(fd);
		return r;
	}
	k->ticket = last_ticket + 1;
	k->looked_at = 0;
	k->dev = dev;
	k->ino = ino;
	keeper_own(&k->fd, fd);
	enter(k, start, end);
	last_ticket++;
	return 0;
}

void watch_tell_unwatched(const void *addr, int r)
{
	log_info("watch: the mapping at %p is not watched: %s; keep its descriptor open to have it guarded",
		addr, strerror(r));
}

/*
 * A hole in the middle: what is left are two mappings.  If that is not possible
 * the description is kept too long, rather than not long enough.  The second one
 * goes behind the first, where a thread that looks just now has yet to come.
 */
static void split(struct kept *k, uintptr_t start, uintptr_t end)
{
	struct kept *rest = find_free(k);
	int fd = rest ? sys_fcntl(k->fd.fd, F_DUPFD_CLOEXEC, 3) : -1;

	if (fd < 0)
		return;
	rest->ticket = k->ticket;
	rest->dev = k->dev;
	rest->ino = k->ino;
	keeper_own(&rest->fd, fd);
	enter(rest, end, k->end);
	k->end = start;
}

static bool is_meant(const struct kept *k, uintptr_t start, uintptr_t end,
		     uint64_t ticket)
{
	return k->start < end && start < k->end && k->ticket <= ticket;
}

void watch_forget_range(uintptr_t start, uintptr_t end, uint64_t ticket)
{
	struct kept *k;

	for (k = kept; k < kept + MAX_KEPT; k++) {
		if (!is_meant(k, start, end, ticket))
			continue;
		if (start <= k->start)
			k->start = end;
		else if (end >= k->end)
			k->end = start;
		else
			split(k, start, end);
		if (k->start >= k->end)
			leave(k);
	}
}

/* The part of @k that was moved, at its new address */
static void keep_moved(const struct kept *k, const struct watch_move *move)
{
	uintptr_t start = k->start > move->start ? k->start : move->start;
	uintptr_t end = k->end - move->start + move->new_start;
	int fd, r;

	start += move->new_start - move->start;
	/* It grows at the end, and is cut there. */
	if (k->end >= move->end || end > move->new_end)
		end = move->new_end;
	if (start >= end)
		return;
	fd = sys_fcntl(k->fd.fd, F_DUPFD_CLOEXEC, 3);
	r = fd < 0 ? errno : watch_keep(start, end, fd, k->dev, k->ino);
	if (r == EMFILE || r == ENFILE)
		watch_note_refused(k->dev, k->ino);
	if (r)
		watch_tell_unwatched((void *)start, r);
}

void watch_move(const struct watch_move *move)
{
	/* Without a length it is the mapping at the address. */
	uintptr_t end = move->end > move->start ? move->end : move->start + 1;
	struct kept *k;

	if (move->new_start != move->start)
		watch_forget_range(move->new_start, move->new_end,
				   move->ticket);
	for (k = kept; k < kept + MAX_KEPT; k++)
		if (is_meant(k, move->start, end, move->ticket))
			keep_moved(k, move);
	if (!move->stays)
		watch_forget_range(move->start, move->end, move->ticket);
}

/* The kept mapping with the lowest address that was not looked at in @round */
static struct kept *next_to_look_at(uint64_t round)
{
	struct kept *k, *lowest_one = NULL;

	for (k = kept; k < kept + n_used; k++)
		if (k->end && k->looked_at != round &&
		    (!lowest_one || k->start < lowest_one->start))
			lowest_one = k;
	return lowest_one;
}

/* Is some of it there?  Also if that cannot be found out. */
static bool is_mapped(const struct kept *k, struct vma_reader *reader,
		      struct vma *vma)
{
	uintptr_t addr = k->start;
	int r = 0;

	for (; addr < k->end; addr = vma->end) {
		if (addr >= vma->end)
			r = vma_next(reader, addr, vma);
		if (r)
			return r != ENOENT;
		if (vma->start >= k->end)
			return false;
		if (vma->dev == k->dev && vma->ino == k->ino)
			return true;
	}
	return false;
}

void watch_sweep(void)
{
	static struct vma vma;	/* big; of the keeper's thread */
	static uint64_t round;
	uintptr_t highest_end = UINTPTR_MAX;
	struct vma_reader reader;
	bool is_open = false;
	struct kept *k;

	round++;
	while ((k = next_to_look_at(round))) {
		k->looked_at = round;
		/* They overlap where one of them is gone.  Then start anew. */
		if (is_open && k->start < highest_end)
			vma_close(&reader);
		if (k->start < highest_end) {
			if (vma_open(&reader))
				return;
			is_open = true;
			vma.end = 0;
			highest_end = 0;
		}
		if (k->end > highest_end)
			highest_end = k->end;
		if (!is_mapped(k, &reader, &vma))
			leave(k);
	}
	if (is_open)
		vma_close(&reader);
}

int watch_dup(dev_t dev, ino_t ino)
{
	struct kept *k;

	for (k = kept; k < kept + MAX_KEPT; k++)
		if (k->end && k->dev == dev && k->ino == ino)
			return sys_fcntl(k->fd.fd, F_DUPFD_CLOEXEC, 3);
	errno = EBADF;
	return -1;
}

void watch_forget(void)
{
	size_t i;

	memset(kept, 0, sizeof(kept));
	/* What is left in its counters only makes it less sure. */
	for (i = 0; i <= RANGE_LAST_LEVEL; i++)
		atomic_store(&filter.levels[i].n_ranges, 0);
	n_refused = 0;
	atomic_store(&lowest, UINTPTR_MAX);
	atomic_store(&highest, 0);
}
