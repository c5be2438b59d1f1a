// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Operations of the program that take blocks away from its files, which no lease
 * that is blind to them may meet.
 *
 * Programs that have no such lease must not pay for it.  So there is no lock, but
 * an order that all threads agree on (seq_cst):
 *
 *	an operation			who takes a lease
 *	1. is entered here		1. counts it
 *	2. looks for leases		2. looks for operations
 *
 * One of both sees the other.  The operation then waits for the lease to go, and
 * who takes a lease tries again.
 *
 * As long as nobody has ever counted one, not even the file has to be known, which
 * would be a system call: it is entered as one of any file.
 */
#include <stdatomic.h>

#include "base/hash.h"
#include "lease_barrier.h"

/* What finds no room is entered as one of any file, too. */
#define N_ENTRIES 64
#define ANY_FILE N_ENTRIES

static struct entry {
	atomic_bool is_taken;
	/* What is before it is not read while this is off. */
	atomic_bool is_entered;
	_Atomic uint64_t dev, ino;
} entries[N_ENTRIES];

static _Atomic size_t n_of_any_file;
/* One more in each child of fork(2), for what was entered before it */
static _Atomic unsigned int generation;

/* Several files may share a counter: more than 0 means that there may be one. */
#define COUNTER_BITS 12
static _Atomic uint32_t counters[1 << COUNTER_BITS];
static _Atomic size_t n_blind;
static atomic_bool was_ever_blind;

static _Atomic uint32_t *counter_of(dev_t dev, ino_t ino)
{
	return &counters[hash_file(dev, ino, COUNTER_BITS)];
}

void lease_blind_add(dev_t dev, ino_t ino)
{
	atomic_store(&was_ever_blind, true);
	atomic_fetch_add(&n_blind, 1);
	atomic_fetch_add(counter_of(dev, ino), 1);
}

void lease_blind_remove(dev_t dev, ino_t ino)
{
	atomic_fetch_sub(counter_of(dev, ino), 1);
	atomic_fetch_sub(&n_blind, 1);
}

bool lease_may_be_blind(dev_t dev, ino_t ino)
{
	return atomic_load(counter_of(dev, ino));
}

bool lease_exists_any_blind(void)
{
	return atomic_load(&n_blind);
}

static void enter_any_file(struct lease_barrier *barrier)
{
	barrier->entry = ANY_FILE;
	atomic_fetch_add(&n_of_any_file, 1);
}

bool lease_barrier_enter_any(struct lease_barrier *barrier)
{
	if (atomic_load(&was_ever_blind))
		return false;
	barrier->generation = atomic_load(&generation);
	enter_any_file(barrier);
	if (!atomic_load(&was_ever_blind))
		return true;
	lease_barrier_leave(barrier);
	return false;
}

void lease_barrier_enter(struct lease_barrier *barrier)
{
	/* Threads have theirs on stacks that are far apart. */
	unsigned int first = hash_bits((uintptr_t)barrier, 32), i;
	struct entry *entry;

	barrier->generation = atomic_load(&generation);
	for (i = 0; i < N_ENTRIES; i++) {
		barrier->entry = (first + i) % N_ENTRIES;
		entry = &entries[barrier->entry];
		if (atomic_load(&entry->is_taken) ||
		    atomic_exchange(&entry->is_taken, true))
			continue;
		atomic_store(&entry->dev, barrier->dev);
		atomic_store(&entry->ino, barrier->ino);
		atomic_store(&entry->is_entered, true);
		return;
	}
	enter_any_file(barrier);
}

void lease_barrier_leave(struct lease_barrier *barrier)
{
	if (barrier->generation != atomic_load(&generation))
		return;
	if (barrier->entry == ANY_FILE) {
		atomic_fetch_sub(&n_of_any_file, 1);
		return;
	}
	atomic_store(&entries[barrier->entry].is_entered, false);
	atomic_store(&entries[barrier->entry].is_taken, false);
}

/*
 * An entry that changes while it is read is of an operation that was entered after
 * the lease was counted, and sees that, or of one that is over.
 */
bool lease_is_barred(dev_t dev, ino_t ino)
{
	size_t i;

	if (atomic_load(&n_of_any_file))
		return true;
	for (i = 0; i < N_ENTRIES; i++)
		if (atomic_load(&entries[i].is_entered) &&
		    atomic_load(&entries[i].dev) == dev &&
		    atomic_load(&entries[i].ino) == ino)
			return true;
	return false;
}

/* Operations of threads that are not here do not end. */
void lease_barrier_forget(void)
{
	size_t i;

	atomic_fetch_add(&generation, 1);
	for (i = 0; i < N_ENTRIES; i++) {
		atomic_store(&entries[i].is_entered, false);
		atomic_store(&entries[i].is_taken, false);
	}
	atomic_store(&n_of_any_file, 0);
	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		atomic_store(&counters[i], 0);
	atomic_store(&n_blind, 0);
	atomic_store(&was_ever_blind, false);
}
