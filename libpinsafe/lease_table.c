// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Find a lease without walking past the others. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lease_table.h"

#define FIRST_BITS 6
#define MAX_BITS 24

/* Of two tables, which grow together */
static struct bucket {
	LIST_HEAD(, lease) by_file, by_signal;
} first_buckets[1 << FIRST_BITS], *buckets = first_buckets;
static unsigned int n_bits = FIRST_BITS;
/* Index 1: those that are blind */
TAILQ_HEAD(turns, lease);
static struct turns turns[2] = { TAILQ_HEAD_INITIALIZER(turns[0]),
				 TAILQ_HEAD_INITIALIZER(turns[1]) };
static size_t n_in_turns[2];
static TAILQ_HEAD(, lease) broken = TAILQ_HEAD_INITIALIZER(broken);
static LIST_HEAD(, lease) unused
	PS_GUARDED_BY(table_lock) = LIST_HEAD_INITIALIZER(unused);

static struct bucket *bucket_of_file(dev_t dev, ino_t ino)
{
	return &buckets[hash_file(dev, ino, n_bits)];
}

static struct bucket *bucket_of_signal(int fd)
{
	return &buckets[hash_bits(fd, n_bits)];
}

static void link_both(struct lease *lease)
{
	LIST_INSERT_HEAD(&bucket_of_file(lease->dev, lease->ino)->by_file,
			 lease, by_file);
	LIST_INSERT_HEAD(&bucket_of_signal(lease->signal_fd)->by_signal, lease,
			 by_signal);
}

/* Without memory it stays as it is, which only takes longer. */
static void grow(void)
{
	struct bucket *more = calloc((size_t)2 << n_bits, sizeof(*more));
	struct lease *lease;
	int i;

	if (!more)
		return;
	if (buckets != first_buckets)
		free(buckets);
	buckets = more;
	n_bits++;
	for (i = 0; i < 2; i++)
		TAILQ_FOREACH(lease, &turns[i], link)
			link_both(lease);
}

void leases_insert(struct lease *lease)
{
	n_in_turns[lease->backend->is_blind]++;
	if (n_in_turns[0] + n_in_turns[1] > (size_t)1 << n_bits &&
	    n_bits < MAX_BITS)
		grow();
	link_both(lease);
	TAILQ_INSERT_TAIL(&turns[lease->backend->is_blind], lease, link);
	if (!lease->holders)
		LIST_INSERT_HEAD(&unused, lease, unused_link);
}

void leases_remove(struct lease *lease)
{
	LIST_REMOVE(lease, by_file);
	LIST_REMOVE(lease, by_signal);
	TAILQ_REMOVE(&turns[lease->backend->is_blind], lease, link);
	if (!lease->holders)
		LIST_REMOVE(lease, unused_link);
	if (lease->state == LEASE_BREAKING)
		leases_set_broken(lease, false);
	n_in_turns[lease->backend->is_blind]--;
}

struct lease *lease_find(dev_t dev, ino_t ino)
{
	struct lease *lease;

	LIST_FOREACH(lease, &bucket_of_file(dev, ino)->by_file, by_file)
		if (lease->dev == dev && lease->ino == ino)
			break;
	return lease;
}

struct lease *leases_next_signalled(struct lease *lease, int signal_fd)
{
	lease = lease ? LIST_NEXT(lease, by_signal)
		      : LIST_FIRST(&bucket_of_signal(signal_fd)->by_signal);
	while (lease && lease->signal_fd != signal_fd)
		lease = LIST_NEXT(lease, by_signal);
	return lease;
}

void leases_set_signal_fd(struct lease *lease, int signal_fd)
{
	LIST_REMOVE(lease, by_signal);
	lease->signal_fd = signal_fd;
	LIST_INSERT_HEAD(&bucket_of_signal(signal_fd)->by_signal, lease,
			 by_signal);
}

struct lease *leases_next_turn(bool is_blind)
{
	struct turns *all = &turns[is_blind];
	struct lease *lease = TAILQ_FIRST(all);

	if (lease) {
		TAILQ_REMOVE(all, lease, link);
		TAILQ_INSERT_TAIL(all, lease, link);
	}
	return lease;
}

size_t leases_count(bool is_blind)
{
	return n_in_turns[is_blind];
}

void leases_hold(struct lease *lease)
{
	if (!lease->holders++)
		LIST_REMOVE(lease, unused_link);
}

bool lease_drop_holder(struct lease *lease)
{
	if (!--lease->holders)
		LIST_INSERT_HEAD(&unused, lease, unused_link);
	return !lease->holders;
}

struct lease *leases_first_unused(void)
{
	return LIST_FIRST(&unused);
}

void leases_set_broken(struct lease *lease, bool is_broken)
{
	if (is_broken)
		TAILQ_INSERT_TAIL(&broken, lease, broken_link);
	else
		TAILQ_REMOVE(&broken, lease, broken_link);
}

struct lease *lease_next_broken(const struct lease *lease)
{
	return lease ? TAILQ_NEXT(lease, broken_link) : TAILQ_FIRST(&broken);
}

void leases_forget(void (*fn)(struct lease *lease))
{
	struct lease *lease;
	int i;

	for (i = 0; i < 2; i++) {
		while ((lease = TAILQ_FIRST(&turns[i]))) {
			TAILQ_REMOVE(&turns[i], lease, link);
			fn(lease);
		}
		n_in_turns[i] = 0;
	}
	memset(buckets, 0, sizeof(*buckets) << n_bits);
	TAILQ_INIT(&broken);
	LIST_INIT(&unused);
}

bool lease_exists_blind(dev_t dev, ino_t ino)
{
	const struct lease *lease;

	return PS_LOCKED(&table_lock,
			 (lease = lease_find(dev, ino)) &&
				 lease->backend->is_blind);
}
