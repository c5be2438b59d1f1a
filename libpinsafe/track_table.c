// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A hash table that grows with the number of memory regions, under table_lock;
 * and, for those that are not in it, an answer without a lock: each bucket has a
 * word with one bit, by another part of the hash, for each of its entries.
 *
 * Whoever asks for an MR has got it from a registration that entered it before,
 * or did not.  So this is what a reader can rely on:
 *
 * - While an entry is in the table, its bit is never off in the words that are
 *   current: a word is written as a whole, with the bits of all entries.
 * - Words are published when they are complete.  A reader who still sees the last
 *   ones sees them as they were when they were replaced: an entry that was there
 *   by then has its bit, and one that came later came after the new words, which
 *   its owner therefore sees.
 *
 * For that, words that were replaced stay where they are, which is as much again
 * as those that are in use.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"
#include "track_list.h"

#define FIRST_BITS 6
#define MAX_BITS 30
/* Entries for each bucket, on average, from which on it grows */
#define LOAD 2

struct words {
	struct words *previous;	/* replaced, and maybe still being read */
	unsigned int bits;
	_Atomic uint32_t word[];
};

static struct guarded_mr *first_buckets[1 << FIRST_BITS];
static struct words first_words = {
	.bits = FIRST_BITS,
	.word = {[(1 << FIRST_BITS) - 1] = 0},
};

static struct guarded_mr **buckets PS_GUARDED_BY(table_lock) = first_buckets;
static unsigned int n_bits PS_GUARDED_BY(table_lock) = FIRST_BITS;
static size_t n_entries PS_GUARDED_BY(table_lock);
static _Atomic(struct words *) current_words = &first_words;

static uint64_t hash(const struct ibv_mr *mr)
{
	return hash_number((uintptr_t)mr);
}

static size_t index_of(const struct ibv_mr *mr, unsigned int bits)
{
	return hash(mr) >> (64 - bits);
}

/* By bits that do not choose the bucket */
static uint32_t bit_of(const struct ibv_mr *mr)
{
	return 1u << (hash(mr) >> 24 & 31);
}

static uint32_t word_of(const struct guarded_mr *entries)
	PS_REQUIRES(table_lock)
{
	uint32_t word = 0;

	for (; entries; entries = entries->next_in_bucket)
		word |= bit_of(entries->mr);
	return word;
}

static struct words *new_words(unsigned int bits)
{
	struct words *words =
		calloc(1, sizeof(*words) + (sizeof(words->word[0]) << bits));

	if (words)
		words->bits = bits;
	return words;
}

static void publish(struct words *words) PS_REQUIRES(table_lock)
{
	size_t i;

	for (i = 0; i < (size_t)1 << n_bits; i++)
		atomic_store_explicit(&words->word[i], word_of(buckets[i]),
				      memory_order_relaxed);
	words->previous = atomic_load_explicit(&current_words,
					       memory_order_relaxed);
	atomic_store_explicit(&current_words, words, memory_order_release);
}

static void rehash(struct guarded_mr **new_buckets, unsigned int bits)
	PS_REQUIRES(table_lock)
{
	struct guarded_mr *gmr, *next, **bucket;
	size_t i;

	for (i = 0; i < (size_t)1 << n_bits; i++) {
		for (gmr = buckets[i]; gmr; gmr = next) {
			next = gmr->next_in_bucket;
			bucket = &new_buckets[index_of(gmr->mr, bits)];
			gmr->next_in_bucket = *bucket;
			*bucket = gmr;
		}
	}
	if (buckets != first_buckets)
		free(buckets);
	buckets = new_buckets;
	n_bits = bits;
}

/* Without memory it stays as it is, which only takes longer. */
static void grow(void) PS_REQUIRES(table_lock)
{
	unsigned int bits = n_bits + 1;
	struct words *words = new_words(bits);
	struct guarded_mr **new_buckets =
		calloc((size_t)1 << bits, sizeof(struct guarded_mr *));

	if (!words || !new_buckets) {
		free(words);
		free(new_buckets);
		return;
	}
	rehash(new_buckets, bits);
	publish(words);
}

static void update_word(size_t i) PS_REQUIRES(table_lock)
{
	struct words *words = atomic_load_explicit(&current_words,
						   memory_order_relaxed);

	atomic_store_explicit(&words->word[i], word_of(buckets[i]),
			      memory_order_relaxed);
}

void table_insert(struct guarded_mr *gmr)
{
	size_t i;

	if (++n_entries > (size_t)LOAD << n_bits && n_bits < MAX_BITS)
		grow();
	i = index_of(gmr->mr, n_bits);
	gmr->next_in_bucket = buckets[i];
	buckets[i] = gmr;
	update_word(i);
}

void table_remove(struct guarded_mr *gmr)
{
	size_t i = index_of(gmr->mr, n_bits);
	struct guarded_mr **p = &buckets[i];

	while (*p != gmr)
		p = &(*p)->next_in_bucket;
	*p = gmr->next_in_bucket;
	n_entries--;
	update_word(i);
}

struct guarded_mr *table_find(const struct ibv_mr *mr)
{
	struct guarded_mr *gmr = buckets[index_of(mr, n_bits)];

	while (gmr && (gmr->mr != mr || gmr->is_freed))
		gmr = gmr->next_in_bucket;
	return gmr;
}

void table_visit(void (*fn)(struct guarded_mr *gmr, void *arg), void *arg)
{
	struct guarded_mr *gmr, *next;
	size_t i;

	for (i = 0; i < (size_t)1 << n_bits; i++) {
		for (gmr = buckets[i]; gmr; gmr = next) {
			next = gmr->next_in_bucket;
			fn(gmr, arg);
		}
	}
}

bool track_may_have(const struct ibv_mr *mr)
{
	struct words *words = atomic_load_explicit(&current_words,
						   memory_order_acquire);

	return atomic_load_explicit(&words->word[index_of(mr, words->bits)],
				    memory_order_relaxed) &
	       bit_of(mr);
}
