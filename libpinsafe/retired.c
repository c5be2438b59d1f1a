// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Remember the keys of revoked memory regions until their context is closed. */
#include <stdlib.h>

#include "retired.h"

#define N_BUCKETS 1024

/* A key; in the list of a bucket, or of those that are free for later */
struct retired {
	struct retired *next;
	const struct ibv_context *context;
	uint32_t key;
};

static struct retired *buckets[N_BUCKETS] PS_GUARDED_BY(table_lock);

/* Devices number their objects in the upper bits or in the lower ones. */
static struct retired **bucket_of(uint32_t key) PS_REQUIRES(table_lock)
{
	return &buckets[(key * 0x9e3779b9u) >> 22];
}

struct retired *retired_alloc(void)
{
	struct retired *local = calloc(1, sizeof(*local));
	struct retired *remote = calloc(1, sizeof(*remote));

	if (!local || !remote) {
		free(local);
		free(remote);
		return NULL;
	}
	local->next = remote;
	return local;
}

void retired_free(struct retired *room)
{
	struct retired *next;

	for (; room; room = next) {
		next = room->next;
		free(room);
	}
}

/* Registrations look at the first one of a bucket without the lock. */
static void set(struct retired **p, struct retired *key)
{
	__atomic_store_n(p, key, __ATOMIC_RELEASE);
}

/* Returns the room that is left. */
static struct retired *enter(struct retired *room, uint32_t key,
			     const struct ibv_context *context)
	PS_REQUIRES(table_lock)
{
	struct retired **bucket = bucket_of(key), *left = room->next;

	room->key = key;
	room->context = context;
	room->next = *bucket;
	set(bucket, room);
	return left;
}

void retired_add(struct retired *room, const struct ibv_mr *mr)
{
	ps_lock(&table_lock);
	room = enter(room, mr->lkey, mr->context);
	/* They are the same on many devices; 0: no remote access. */
	if (mr->rkey && mr->rkey != mr->lkey)
		room = enter(room, mr->rkey, mr->context);
	ps_unlock(&table_lock);
	retired_free(room);
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
			free(key);
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
	struct section section;
	bool has;

	if (has_none_like(mr->lkey) && has_none_like(mr->rkey))
		return false;
	section_enter(&section);
	ps_lock(&table_lock);
	has = is_retired(mr->context, mr->lkey) ||
	      is_retired(mr->context, mr->rkey);
	ps_unlock(&table_lock);
	section_leave(&section);
	return has;
}
