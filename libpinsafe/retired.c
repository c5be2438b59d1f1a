// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Remember the keys of revoked memory regions until their context is closed. */
#include <errno.h>
#include <stdlib.h>

#include "retired.h"

#define N_BUCKETS 1024

/* A key; in the list of a bucket, or of those that are free */
struct retired {
	struct retired *next;
	const struct ibv_context *context;
	uint32_t key;
};

/* How many are allocated at once */
#define CHUNK 170

static struct retired *buckets[N_BUCKETS] PS_GUARDED_BY(table_lock);
/* There are at least as many free ones as are reserved. */
static struct retired *free_keys PS_GUARDED_BY(table_lock);
static size_t n_free PS_GUARDED_BY(table_lock);
static size_t n_reserved PS_GUARDED_BY(table_lock);

/* Devices number their objects in the upper bits or in the lower ones. */
static struct retired **bucket_of(uint32_t key) PS_REQUIRES(table_lock)
{
	return &buckets[(key * 0x9e3779b9u) >> 22];
}

static void set_free(struct retired *key) PS_REQUIRES(table_lock)
{
	key->next = free_keys;
	free_keys = key;
	n_free++;
}

int retired_reserve(unsigned int n_keys)
{
	struct retired *chunk;
	int i, r = 0;

	ps_lock(&table_lock);
	if (n_reserved + n_keys > n_free) {
		chunk = calloc(CHUNK, sizeof(*chunk));
		for (i = 0; chunk && i < CHUNK; i++)
			set_free(&chunk[i]);
		r = chunk ? 0 : ENOMEM;
	}
	if (!r)
		n_reserved += n_keys;
	ps_unlock(&table_lock);
	return r;
}

void retired_release(unsigned int n_keys)
{
	ps_lock(&table_lock);
	n_reserved -= n_keys;
	ps_unlock(&table_lock);
}

/* They are the same on many devices; an rkey of 0: no remote access. */
unsigned int retired_n_keys(const struct ibv_mr *mr)
{
	return mr->rkey && mr->rkey != mr->lkey ? 2 : 1;
}

/* Registrations look at the first one of a bucket without the lock. */
static void set(struct retired **p, struct retired *key)
{
	__atomic_store_n(p, key, __ATOMIC_RELEASE);
}

static void enter(uint32_t value, const struct ibv_context *context)
	PS_REQUIRES(table_lock)
{
	struct retired **bucket = bucket_of(value), *key = free_keys;

	free_keys = key->next;
	n_free--;
	key->key = value;
	key->context = context;
	key->next = *bucket;
	set(bucket, key);
}

void retired_add(unsigned int n_keys, const struct ibv_mr *mr)
{
	ps_lock(&table_lock);
	enter(mr->lkey, mr->context);
	if (retired_n_keys(mr) > 1)
		enter(mr->rkey, mr->context);
	n_reserved -= n_keys;
	ps_unlock(&table_lock);
}

void retired_forget(const struct ibv_context *context)
{
	struct retired **p, *key;
	size_t i;

	ps_lock(&table_lock);
	for (i = 0; i < N_BUCKETS; i++) {
		for (p = &buckets[i]; (key = *p);) {
			if (key->context != context) {
				p = &key->next;
				continue;
			}
			set(p, key->next);
			set_free(key);
		}
	}
	ps_unlock(&table_lock);
}

static bool is_retired(const struct ibv_context *context, uint32_t value)
	PS_REQUIRES(table_lock)
{
	const struct retired *key;

	for (key = *bucket_of(value); key; key = key->next)
		if (value && key->key == value && key->context == context)
			return true;
	return false;
}

/* The kernel gives a key away again only after it was entered. */
static bool has_none_like(uint32_t key) PS_ATTR(no_thread_safety_analysis)
{
	return !__atomic_load_n(bucket_of(key), __ATOMIC_ACQUIRE);
}

bool retired_has_key_of(const struct ibv_mr *mr)
{
	if (has_none_like(mr->lkey) && has_none_like(mr->rkey))
		return false;
	SECTION(section);
	return PS_LOCKED(&table_lock,
			 is_retired(mr->context, mr->lkey) ||
				 is_retired(mr->context, mr->rkey));
}
