// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Remember the keys of revoked memory regions until their context is closed. */
#include <stdlib.h>
#include <sys/queue.h>

#include "retired.h"

#define N_BUCKETS 1024

struct key {
	LIST_ENTRY(key) link;
	uint32_t key;
	const struct ibv_context *context;
};

/* Those of one memory region, which may be the same */
struct retired {
	struct key local, remote;
	struct retired *next;
};

LIST_HEAD(bucket, key);
static struct bucket buckets[N_BUCKETS] PS_GUARDED_BY(table_lock);
static struct retired *all PS_GUARDED_BY(table_lock);

/* Devices number their objects in the upper bits or in the lower ones. */
static struct bucket *bucket_of(uint32_t key) PS_REQUIRES(table_lock)
{
	return &buckets[(key * 0x9e3779b9u) >> 22];
}

struct retired *retired_alloc(void)
{
	return calloc(1, sizeof(struct retired));
}

void retired_free(struct retired *room)
{
	free(room);
}

static void enter(struct key *key, uint32_t value,
		  const struct ibv_context *context) PS_REQUIRES(table_lock)
{
	key->key = value;
	key->context = context;
	LIST_INSERT_HEAD(bucket_of(value), key, link);
}

void retired_add(struct retired *room, const struct ibv_mr *mr)
{
	ps_lock(&table_lock);
	enter(&room->local, mr->lkey, mr->context);
	enter(&room->remote, mr->rkey, mr->context);
	room->next = all;
	all = room;
	ps_unlock(&table_lock);
}

void retired_forget(const struct ibv_context *context)
{
	struct retired **p, *room;

	ps_lock(&table_lock);
	for (p = &all; (room = *p);) {
		if (room->local.context != context) {
			p = &room->next;
			continue;
		}
		*p = room->next;
		LIST_REMOVE(&room->local, link);
		LIST_REMOVE(&room->remote, link);
		free(room);
	}
	ps_unlock(&table_lock);
}

/* 0 is what providers say where there is no remote access. */
static bool is_retired(const struct ibv_context *context, uint32_t value)
	PS_REQUIRES(table_lock)
{
	const struct key *key;

	LIST_FOREACH (key, bucket_of(value), link)
		if (value && key->key == value && key->context == context)
			return true;
	return false;
}

bool retired_has_key_of(const struct ibv_mr *mr)
{
	struct section section;
	bool has;

	section_enter(&section);
	ps_lock(&table_lock);
	has = all && (is_retired(mr->context, mr->lkey) ||
		      is_retired(mr->context, mr->rkey));
	ps_unlock(&table_lock);
	section_leave(&section);
	return has;
}
